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
