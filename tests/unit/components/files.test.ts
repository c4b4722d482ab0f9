import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { moveOver, writeWhole } from "../../../components/files";

describe("a file that is replaced", () => {
    it("is only this user's, and leaves nothing beside it, whatever a killed run left", () => {
        const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
        try {
            const file = path.join(directory, "below", "kubeconfig");
            writeWhole(file, "old");
            fs.writeFileSync(`${file}.${process.pid}.tmp`, "half", { mode: 0o644 });
            writeWhole(file, "new");
            expect(fs.readFileSync(file, "utf8")).toBe("new");
            expect(fs.readdirSync(path.dirname(file))).toEqual(["kubeconfig"]);
            if (process.platform !== "win32") expect([file, path.dirname(file)].map(each => fs.statSync(each).mode & 0o777)).toEqual([0o600, 0o700]);
        } finally {
            fs.rmSync(directory, { recursive: true });
        }
    });

    /** A rename that fails as long as somebody has the file open. */
    const busy = (code: string, times: number) => {
        const state = { tries: 0, rename: (): void => {
            if (state.tries++ < times) throw Object.assign(new Error(code), { code });
        } };
        return state;
    };

    it.each(["EPERM", "EBUSY", "EACCES"])("may be open for a moment on Windows: %s", code => {
        const state = busy(code, 1);
        moveOver("a", "b", { rename: state.rename, platform: "win32" });
        expect(state.tries).toBe(2);
    });

    it("isn't waited for where that means something else", () => {
        for (const [code, platform] of [["EPERM", "linux"], ["EACCES", "darwin"], ["ENOENT", "win32"]] as const) {
            const state = busy(code, 1);
            expect(() => moveOver("a", "b", { rename: state.rename, platform })).toThrow(code);
            expect(state.tries).toBe(1);
        }
    });

    it("isn't waited for without end", () => {
        const state = busy("EBUSY", Infinity);
        expect(() => moveOver("a", "b", { rename: state.rename, platform: "win32" })).toThrow("EBUSY");
        expect(state.tries).toBe(10);
    });
});
