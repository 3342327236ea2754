/** [3, H, W] of about -1 to 1 → H × W × 3 bytes: clamp, scale to 0 to 255, truncate (as the reference does, not round). */
export function toRgb8(image: Float32Array): Uint8Array {
  const plane = image.length / 3;
  const rgb = new Uint8Array(image.length);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < plane; i++) {
      const value = Math.fround(Math.fround(Math.min(1, Math.max(-1, image[channel * plane + i]!)) + 1) / 2);
      rgb[i * 3 + channel] = Math.trunc(Math.fround(value * 255));
    }
  }
  return rgb;
}
