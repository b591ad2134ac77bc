// The limit on a test's time: that it ends what hangs and names it, and leaves alone what does not.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const LIMIT = fileURLToPath(new URL("../limit-time.mjs", import.meta.url));

function runs(script, ...limits) {
  const began = Date.now();
  const words = [LIMIT, ...limits, "--", "sh", "-c", script];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8", timeout: 60_000 });
  return { status, stdout, stderr, seconds: (Date.now() - began) / 1000 };
}

const told = (name) => `echo 'test ${name} has been running for over 60 seconds'`;

test("a test that hangs is ended and named, and what it started ends with it", () => {
  const marker = `comity-hangs-${process.pid}`;
  const { status, stdout, stderr, seconds } = runs(
    `${told("good::one")}; echo 'test good::one ... ok'; ${told("bad::hangs")}; sh -c 'sleep 45; : ${marker}' & wait`,
    "--each",
    "61",
  );
  assert.equal(status, 124, stderr);
  assert.match(stderr, /`bad::hangs` took longer than 61 s/);
  assert.doesNotMatch(stderr, /good::one/);
  assert.match(stdout, /good::one \.\.\. ok/, "what the command writes is passed on");
  assert.ok(seconds < 30, `it took ${seconds} s`);
  const left = spawnSync("pgrep", ["-f", marker], { encoding: "utf8" });
  // pgrep is in every distribution's procps; without it this part says nothing.
  if (!left.error) assert.equal(left.stdout, "", "nothing is left running");
});

test("a slow test that ends in time is let be, and the command's own exit code is kept", () => {
  const slow = `${told("slow::but_good")}; sleep 2; echo 'test slow::but_good ... ok'`;
  assert.equal(runs(`${slow}; exit 0`, "--each", "90").status, 0);
  assert.equal(runs(`${slow}; sleep 2; exit 101`, "--each", "63").status, 101, "ended before its limit, and never counted on");
});

test("the whole has a limit too, and says what was running", () => {
  const { status, stderr } = runs(`${told("one::of_many")}; sleep 45`, "--all", "1");
  assert.equal(status, 124);
  assert.match(stderr, /the whole took longer than 1 s; tests that run for more than a minute:\n {2}one::of_many/);
});
