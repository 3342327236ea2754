/**
 * Environment variables of the engine process. glibc gives freed memory back only from the end of its heap, and raises the size from
 * which blocks are mapped on their own to that of the largest one freed: after a few steps the heap then holds hundreds of megabytes
 * of holes. Fixed thresholds cost no measurable time (26 s of CPU for two U-Net calls of the 0.7B model and two frames, either way)
 * and took 190 MB off its peak. Other systems' allocators do not read them.
 */
export const engineEnvironment: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: String(8 * 2 ** 20),
  MALLOC_TRIM_THRESHOLD_: String(32 * 2 ** 20),
};

/**
 * The same for the engine that looks at media. A PATNet reads all of its weights once a picture, more than the processor's caches hold:
 * in pages of 4 KB a PATNet-T2 takes 4 to 7 % longer, most of it in the last stage and the classifier. Linux gives pages of 2 MB to who asks
 * for them, and glibc asks where it is told to; other systems do not read this. The clips' engine does without: pages of which little is
 * used would be held as a whole.
 */
export const eyesEnvironment: Readonly<Record<string, string>> = {
  ...engineEnvironment,
  GLIBC_TUNABLES: "glibc.malloc.hugetlb=1",
};
