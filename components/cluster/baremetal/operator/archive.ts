// @ts-nocheck
// An offline bundle that is one file: it is unpacked once, under its digest, and used as a directory from then on.
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

import { cacheDirectory } from "../../../cache";
import { resolvePath } from "../../scripts/home";
import { attempt, fail, lastLines } from "../../scripts/process";

const unchanged = "Nothing was changed.";

/**
 * The directory of a bundle, which is one or is unpacked from an archive. The digest of a file that looks as before is
 * remembered, unless it is to be taken `anew`.
 */
export async function openBundle(bundle, { anew = false } = {}) {
    const file = resolvePath(bundle);
    const found = fs.statSync(file, { throwIfNoEntry: false });
    if (!found) fail(`landfall:cluster.bundle: there is no ${file}. ${unchanged}`);
    if (found.isDirectory()) return file;
    const gzip = isGzip(file);
    const target = path.join(cacheDirectory(), "bundles", await digestOf(file, anew));
    if (!fs.existsSync(target)) unpack(file, gzip, target);
    return rootOf(target);
}

/** By what it begins with, not by its name. */
function isGzip(file) {
    const head = Buffer.alloc(512);
    const opened = fs.openSync(file, "r");
    fs.readSync(opened, head, 0, head.length, 0);
    fs.closeSync(opened);
    if (head.readUInt16BE(0) === 0x1f8b) return true;
    if (head.toString("latin1", 257, 262) === "ustar") return false;
    return fail(`landfall:cluster.bundle: ${file} is neither a directory nor a .tar, .tar.gz or .tgz. ${unchanged}`);
}

/** A file that was written to has another change time, which nobody can set back as they can its modification time. */
async function digestOf(file, anew) {
    const looks = looksOf(file);
    const memo = path.join(cacheDirectory(), "bundles", "digests.json");
    const known = readMemo(memo);
    if (!anew && known[file]?.looks === looks) return known[file].digest;
    const digest = await hashOf(file);
    if (looksOf(file) !== looks) fail(`${file} is being written to. ${unchanged}`);
    fs.mkdirSync(path.dirname(memo), { recursive: true });
    const content = JSON.stringify({ ...readMemo(memo), [file]: { looks, digest } });
    fs.writeFileSync(`${memo}.${process.pid}`, content, { mode: 0o600 });
    fs.renameSync(`${memo}.${process.pid}`, memo);
    return digest;
}

function looksOf(file) {
    const { size, mtimeNs, ctimeNs, ino } = fs.statSync(file, { bigint: true });
    return [size, mtimeNs, ctimeNs, ino].join(" ");
}

function readMemo(memo) {
    try {
        return JSON.parse(fs.readFileSync(memo, "utf8"));
    } catch {
        return {};
    }
}

/** SHA-256 of a file. */
export function hashOf(file) {
    return new Promise((resolve, reject) => {
        const hash = createHash("sha256");
        fs.createReadStream(file, { highWaterMark: 1 << 20 }).on("error", reject)
            .on("data", data => hash.update(data)).on("end", () => resolve(hash.digest("hex")));
    });
}

/** All of it or nothing, as an interrupted run leaves none that looks finished. */
function unpack(file, gzip, target) {
    refuseStrangers(file, tar(file, gzip, ["-t", "-v"]));
    fs.mkdirSync(path.dirname(target), { recursive: true });
    const unfinished = fs.mkdtempSync(`${target}.`);
    try {
        tar(file, gzip, ["-x", "-o", "-C", unfinished]);
        fs.renameSync(unfinished, target);
    } catch (error) {
        // Another run may have been quicker.
        if (!fs.existsSync(target)) throw error;
    } finally {
        fs.rmSync(unfinished, { recursive: true, force: true });
    }
}

/** The archive comes by standard input, so that its name is never taken for that of another computer. */
function tar(file, gzip, args) {
    const stdin = fs.openSync(file, "r");
    const result = attempt("tar", [...args, ...(gzip ? ["-z"] : []), "-f", "-"], { stdin, env: { LC_ALL: "C" } });
    fs.closeSync(stdin);
    return result.ok ? result.stdout : fail(`The bundle ${file} can't be unpacked: is it whole? ${unchanged}\n${lastLines(result, 3)}`);
}

/** Nothing but files and directories, and none of them elsewhere: as both kinds of tar list them, one a line. */
function refuseStrangers(file, list) {
    const elsewhere = /\s(\/|[A-Za-z]:[\\/])|[\s/\\]\.\.([/\\]|$)/;
    const stranger = list.split("\n").filter(Boolean)
        .find(line => !/^[-d]/.test(line) || elsewhere.test(line.trimEnd()));
    if (stranger) {
        fail(`The bundle ${file} was not unpacked: it holds what is no file or directory of its own. ${unchanged}\n` +
            stranger);
    }
}

/** What was packed may be the bundle's directory, or what is in it. */
function rootOf(directory) {
    if (fs.existsSync(path.join(directory, "SHA256SUMS"))) return directory;
    const inner = fs.readdirSync(directory).map(name => path.join(directory, name))
        .filter(name => fs.existsSync(path.join(name, "SHA256SUMS")));
    return inner.length === 1 ? inner[0] : directory;
}
