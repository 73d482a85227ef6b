// SPDX-License-Identifier: BSD-3-Clause
/**
 * Searches a browser's profile folder: every file as it is, and what Firefox
 * (mozLz4) and Chromium (LevelDB with Snappy) pack before they write it.
 */

import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

const MOZ_MAGIC = "mozLz40\0";
const TABLE_FOOTER = 48;
const TABLE_MAGIC = Buffer.from("57fb808b247547db", "hex");
const LOG_BLOCK = 32_768;
const LOG_HEADER = 7;

/** Copies `length` bytes that begin `distance` bytes before the end of `out`. */
function repeat(out, distance, length) {
  for (let i = 0; i < length; i += 1) out.push(out[out.length - distance]);
}

/** @param {Buffer} packed a block of LZ4 */
function unpackLz4(packed) {
  const out = [];
  let at = 0;
  const readLength = (nibble) => {
    let length = nibble;
    if (nibble < 15) return length;
    let byte;
    do {
      byte = packed[at++];
      length += byte;
    } while (byte === 255);
    return length;
  };
  while (at < packed.length) {
    const token = packed[at++];
    const literals = readLength(token >> 4);
    for (const end = at + literals; at < end; at += 1) out.push(packed[at]);
    if (at >= packed.length) break;
    const distance = packed.readUInt16LE(at);
    at += 2;
    repeat(out, distance, readLength(token & 15) + 4);
  }
  return Buffer.from(out);
}

/** @returns {[number, number]} the value at `at`, and where it ends */
function readVarint(bytes, at) {
  let value = 0;
  for (let i = at, scale = 1; ; i += 1, scale *= 128) {
    value += (bytes[i] & 127) * scale;
    if (bytes[i] < 128) return [value, i + 1];
  }
}

/** @param {Buffer} packed by Snappy */
function unpackSnappy(packed) {
  const out = [];
  let [, at] = readVarint(packed, 0);
  while (at < packed.length) {
    const tag = packed[at++];
    const kind = tag & 3;
    if (kind === 0) {
      let length = tag >> 2;
      if (length >= 60) {
        const size = length - 59;
        length = packed.readUIntLE(at, size);
        at += size;
      }
      for (const end = at + length + 1; at < end; at += 1) out.push(packed[at]);
    } else if (kind === 1) {
      repeat(out, (tag >> 5) * 256 + packed[at++], ((tag >> 2) & 7) + 4);
    } else {
      const size = kind === 2 ? 2 : 4;
      repeat(out, packed.readUIntLE(at, size), (tag >> 2) + 1);
      at += size;
    }
  }
  return Buffer.from(out);
}

/** Reads the block of a LevelDB table whose handle is at `at`. */
function readBlock(table, handles, at) {
  const [offset, next] = readVarint(handles, at);
  const [size, end] = readVarint(handles, next);
  const block = table.subarray(offset, offset + size);
  return { block: table[offset + size] === 1 ? unpackSnappy(block) : block, end };
}

/** @param {Buffer} table a LevelDB table @returns {Buffer[]} its keys and values */
function unpackTable(table) {
  const footer = table.subarray(-TABLE_FOOTER);
  const { end } = readBlock(table, footer, 0);
  const { block: index } = readBlock(table, footer, end);
  const restarts = index.readUInt32LE(index.length - 4);
  const blocks = [];
  for (let at = 0; at < index.length - 4 * (restarts + 1);) {
    const [, unshared] = readVarint(index, at);
    const [keySize, valueLength] = readVarint(index, unshared);
    const [valueSize, key] = readVarint(index, valueLength);
    blocks.push(readBlock(table, index, key + keySize).block);
    at = key + keySize + valueSize;
  }
  return blocks;
}

/** @param {Buffer} log of LevelDB, which cuts long records in pieces */
function unpackLog(log) {
  const pieces = [];
  for (let at = 0; at + LOG_HEADER <= log.length;) {
    const room = LOG_BLOCK - (at % LOG_BLOCK);
    const size = log.readUInt16LE(at + 4);
    if (room < LOG_HEADER || size + LOG_HEADER > room) {
      at += room;
      continue;
    }
    pieces.push(log.subarray(at + LOG_HEADER, at + LOG_HEADER + size));
    at += LOG_HEADER + size;
  }
  return Buffer.concat(pieces);
}

/** @returns {Buffer[]} the file as it is, and unpacked */
function unpack(file, bytes) {
  if (bytes.subarray(0, 8).toString("latin1") === MOZ_MAGIC) {
    return [bytes, unpackLz4(bytes.subarray(12))];
  }
  if (bytes.subarray(-8).equals(TABLE_MAGIC)) return [bytes, ...unpackTable(bytes)];
  return /^\d+\.log$/.test(path.basename(file)) ? [bytes, unpackLog(bytes)] : [bytes];
}

/** The ways in which a browser may write a text, or the bytes that it spells. */
function spell(text) {
  const spelled = [Buffer.from(text), Buffer.from(text, "utf16le")];
  const isHex = /^([0-9a-f]{2}){12,}$/.test(text);
  if (isHex || /^[\w-]{22,}$/.test(text)) {
    const bytes = Buffer.from(text, isHex ? "hex" : "base64url");
    spelled.push(bytes);
    for (const encoding of ["hex", "base64", "base64url"]) {
      const other = bytes.toString(encoding).replaceAll("=", "");
      spelled.push(Buffer.from(other), Buffer.from(other, "utf16le"));
    }
  }
  return spelled;
}

/** @param {Buffer} bytes @param {Map<number, [string, Buffer][]>} heads */
function findIn(bytes, heads) {
  const found = new Set();
  for (let i = 0, head = 0; i < bytes.length; i += 1) {
    head = (head << 8) | bytes[i];
    const candidates = heads.get(head);
    if (!candidates) continue;
    for (const [name, spelled] of candidates) {
      if (bytes.subarray(i - 3, i - 3 + spelled.length).equals(spelled)) found.add(name);
    }
  }
  return found;
}

/**
 * Searches all files of a folder.
 * @param {string} folder
 * @param {Record<string, string>} wanted texts by name; each at least 8 characters
 * @returns {{ name: string, file: string }[]}
 */
export function searchFolder(folder, wanted) {
  const heads = new Map();
  for (const [name, text] of Object.entries(wanted)) {
    for (const spelled of spell(text)) {
      const head = spelled.readInt32BE(0);
      heads.set(head, [...heads.get(head) ?? [], [name, spelled]]);
    }
  }
  const found = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    let bytes;
    try {
      bytes = readFileSync(file);
    } catch {
      // The browser has deleted the file meanwhile.
      continue;
    }
    let forms = [bytes];
    try {
      forms = unpack(file, bytes);
    } catch {
      // The browser is writing the file, so its end does not fit its beginning.
    }
    for (const form of forms) {
      for (const name of findIn(form, heads)) {
        found.push({ name, file: path.relative(folder, file) });
      }
    }
  }
  return found;
}
