import { expect, test } from "vitest";
import { unanswered } from "./scan-electron.ts";

test("what the scanner finds is reported unless it is answered for that very file", () => {
  const csv = `issue, severity, confidence, filename, location
CSP_GLOBAL_CHECK,"MEDIUM","CERTAIN","N/A","0:0",N/A,"No CSP"
SANDBOX_JS_CHECK,"MEDIUM","FIRM","app.ts","68:17","x"
SANDBOX_JS_CHECK,"MEDIUM","FIRM","other.ts","1:1","x"
NODE_INTEGRATION_JS_CHECK,"HIGH","FIRM","app.ts","1:1","x"
`;
  expect(unanswered(csv)).toEqual(["SANDBOX_JS_CHECK other.ts", "NODE_INTEGRATION_JS_CHECK app.ts"]);
});
