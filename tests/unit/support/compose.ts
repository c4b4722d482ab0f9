import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll } from "vitest";
import { ComposeError, type Given, readCompose } from "../../../infra/compose";

/** A service of Compose in the form of the settings. */
export type Service = Record<string, any>;

/** Compose files in a directory of their own, and what becomes of them. */
export function composeDirectory() {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-compose-"));
    afterAll(() => fs.rmSync(directory, { recursive: true }));
    const write = (files: Record<string, string | Buffer>): string[] => Object.entries(files).map(([name, content]) => {
        const file = path.join(directory, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, content);
        return file;
    });
    const read = (text: string, { given = {}, environment = {}, name = "compose.yaml" }: { given?: Given; environment?: NodeJS.ProcessEnv; name?: string } = {}) => {
        const { services, ...others } = readCompose(write({ [name]: text }), given, environment);
        return { ...others, services: services as Record<string, Service> };
    };
    /** What is refused or left out, without the file's directory. */
    const told = (text: string, options: Parameters<typeof read>[1] = {}): { refused: string[]; warned: string[] } => {
        const own = (line: string) => line.replace(/^(?:[A-Za-z]:)?[^:]*[\\/](?=[^\\/: ]+:\d+: )/, "");
        try {
            return { refused: [], warned: read(text, options).warnings.map(own) };
        } catch (error) {
            if (!(error instanceof ComposeError)) throw error;
            return { refused: error.message.split("\n").slice(1).map(own).filter(line => /^\S+:\d+: /.test(line)), warned: [] };
        }
    };
    return { directory, write, read, told };
}
