/** Rows of a float32 weight, quantised: values in the row's order and one scale a row. A row of zeros gets scale 1. */
export function quantiseRows(values: Float32Array, rows: number): { values: Int8Array; scales: Float32Array } {
  const width = values.length / rows;
  const quantised = new Int8Array(values.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let i = row * width; i < (row + 1) * width; i++) largest = Math.max(largest, Math.abs(values[i]!));
    const scale = Math.fround(largest / 127) || 1;
    scales[row] = scale;
    for (let i = row * width; i < (row + 1) * width; i++) quantised[i] = Math.round(values[i]! / scale);
  }
  return { values: quantised, scales };
}
