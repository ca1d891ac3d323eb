// Prints what the packages return in Node.js.
"use strict";

const crc32 = require("@node-rs/crc32-wasm32-wasi");
console.log("crc32", crc32.crc32("hello threads"), crc32.crc32c(Buffer.from("hello threads")));
const xxhash = require("@node-rs/xxhash-wasm32-wasi");
console.log("xxh32", xxhash.xxh32("hello threads", 7));
console.log("xxh64", String(xxhash.xxh64("hello threads")));
const argon2 = require("@node-rs/argon2-wasm32-wasi");
const salt = Buffer.from("0123456789abcdef");
const hash = argon2.hashRawSync("secret", { salt, memoryCost: 1024, timeCost: 2, parallelism: 2 });
console.log("argon2", hash.toString("hex"));
const snappy = require("@napi-rs/snappy-wasm32-wasi");
const packed = snappy.compressSync("abcabcabcabcabcabcabcabcabcabc".repeat(20));
console.log("snappy", Buffer.from(packed).toString("hex"));
const { Scanner } = require("@tailwindcss/oxide-wasm32-wasi");
const sources = [{ base: process.argv[2], pattern: "**/*", negated: false }];
console.log(new Scanner({ sources }).scan().join("\n"));
process.exit(0);
