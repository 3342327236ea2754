import { expect, it } from "vitest";
import { silentLines } from "./check-off.ts";

it("finds controls that are off without a reason, and nothing else", () => {
  const text = `<button type="button" disabled onClick={go}>
<Control disabled={!next} />
  disabled
  aria-disabled={isLocked}
<option value="" disabled>
<Button off={reason} />
<input {...offProps(reason)} />
function Row({ label, disabled }: Props) {
  readonly disabled: boolean;
  const disabled = true;`;
  expect(silentLines(text)).toEqual([1, 2, 3, 4]);
});
