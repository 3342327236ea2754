/** The mel scale as HTK and Kaldi define it: 1127 ln(1 + f / 700). */
export function hertzToMel(hertz: number): number {
  return 1127 * Math.log1p(hertz / 700);
}
