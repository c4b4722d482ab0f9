import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** Writes a file at once: no other program sees a half of it, and an interruption leaves the old one. */
export function writeWhole(file: string, content: string | Buffer, mode = 0o600): void {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const unfinished = `${file}.${process.pid}.tmp`;
    fs.rmSync(unfinished, { force: true });
    fs.writeFileSync(unfinished, content, { mode });
    moveOver(unfinished, file);
}

/** The path, with the home directory for a leading `~`, which the Command Prompt and PowerShell pass on as it is. */
export function fromHome(given: string): string {
    return given.replace(/^~(?=$|[\\/])/, () => os.homedir());
}

/** Milliseconds between attempts, of which there are ten. */
const pause = 200;

/** Renames a file, over the one that has the name. On Windows, a virus scanner or a reader may have either open for a moment. */
export function moveOver(from: string, to: string, { rename = fs.renameSync, platform = process.platform } = {}): void {
    for (let left = 9; ; left--) {
        try {
            return rename(from, to);
        } catch (error) {
            const { code = "" } = error as NodeJS.ErrnoException;
            if (platform !== "win32" || left === 0 || !["EACCES", "EBUSY", "EPERM"].includes(code)) throw error;
        }
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
    }
}
