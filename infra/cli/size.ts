import * as fs from "node:fs";
import * as path from "node:path";

/** The size of a directory, for people. */
export function sizeOf(directory: string): string {
    const bytes = bytesOf(directory);
    return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}

function bytesOf(directory: string): number {
    let sum = 0;
    for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
        const file = path.join(directory, entry.name);
        if (entry.isDirectory()) sum += bytesOf(file);
        else if (entry.isFile()) sum += fs.lstatSync(file).size;
    }
    return sum;
}
