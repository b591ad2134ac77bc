#!/usr/bin/env node
// Runs a test command, and ends it if one of its tests, or the whole, takes too long: then it says which tests were still
// running, and fails. Everything that the command writes is passed on.
//   tests/limit-time.mjs [--each SECONDS] [--all SECONDS] -- COMMAND…
// Exit code: the command's own; 124 if a limit ended it.
//
// Cargo's test programs say of a test after 60 seconds that it is still running; the limit for each test counts from its
// own beginning, 60 seconds before that line. So it needs no change in any test, and counts for all crates.
import { spawn } from "node:child_process";

// What the test programs have told by then (`TEST_WARN_TIMEOUT_S` of Rust's libtest).
const TOLD_AFTER = 60;
// How long a program that was asked to end may take.
const GRACE_MS = 10_000;
const TOO_LONG = 124;

function usage(why) {
  process.stderr.write(`limit-time: ${why}; usage: limit-time.mjs [--each SECONDS] [--all SECONDS] -- COMMAND…\n`);
  process.exit(2);
}

const words = process.argv.slice(2);
const limits = { each: 300, all: 3600 };
while (words.length > 0 && words[0] !== "--") {
  const name = words.shift().replace(/^--/, "");
  const seconds = Number(words.shift());
  if (!(name in limits) || !(seconds > 0)) usage(`\`--${name}\` is not understood`);
  limits[name] = seconds;
}
words.shift();
if (words.length === 0) usage("there is no command");
if (limits.each <= TOLD_AFTER) usage(`--each is more than ${TOLD_AFTER}`);

const began = Date.now();
// By name: when it began, in milliseconds.
const slow = new Map();
// Of a group of its own, so that whatever it started ends with it.
const command = spawn(words[0], words.slice(1), { stdio: ["inherit", "pipe", "pipe"], detached: true });
let limited = false;

function reads(line) {
  const running = /^test (.+) has been running for over (\d+) seconds$/.exec(line);
  if (running) slow.set(running[1], Date.now() - Number(running[2]) * 1000);
  const ended = /^test (.+?) \.\.\. (ok|FAILED|ignored)/.exec(line);
  if (ended) slow.delete(ended[1].replace(/ - should panic$/, ""));
  // The program ended, so none of its tests runs any more.
  if (line.startsWith("test result: ")) slow.clear();
}

function passes(from, to) {
  let rest = "";
  from.setEncoding("utf8");
  from.on("data", (text) => {
    to.write(text);
    const lines = (rest + text).split("\n");
    // A line that never ends is no line of a test program's.
    rest = lines.pop().slice(-4096);
    lines.forEach(reads);
  });
}
passes(command.stdout, process.stdout);
passes(command.stderr, process.stderr);

function signals(signal) {
  try {
    process.kill(-command.pid, signal);
  } catch {
    // It ended meanwhile.
  }
}

function ends(why) {
  if (limited) return;
  limited = true;
  clearInterval(watch);
  const still = [...slow].map(([name, begin]) => `  ${name} (${Math.round((Date.now() - begin) / 1000)} s)`);
  const running = still.length > 0 ? ["tests that run for more than a minute:", ...still] : ["no test ran for more than a minute"];
  process.stderr.write(`\nlimit-time: ${why}; ${running.join("\n")}\n`);
  signals("SIGTERM");
  setTimeout(() => signals("SIGKILL"), GRACE_MS).unref();
}

const watch = setInterval(() => {
  const now = Date.now();
  const over = [...slow].filter(([, begin]) => now - begin > limits.each * 1000).map(([name]) => `\`${name}\``);
  if (over.length > 0) ends(`${over.join(" and ")} took longer than ${limits.each} s`);
  else if (now - began > limits.all * 1000) ends(`the whole took longer than ${limits.all} s`);
}, 200);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => signals(signal));
command.on("error", (error) => usage(`\`${words[0]}\` cannot be run: ${error.message}`));
command.on("close", (code, signal) => {
  clearInterval(watch);
  process.exitCode = limited ? TOO_LONG : (code ?? (signal ? 1 : 0));
});
