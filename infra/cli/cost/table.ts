export type Row = string[];

/** How tables and lists look. */
export interface Table {
    render(header: Row, rows: Row[]): string;
    list(lines: string[]): string;
}

/** In columns: the first to the left, the others, which are numbers, to the right. */
export const terminal: Table = {
    render(header, rows) {
        const all = [header, ...rows];
        const widths = header.map((_, column) => Math.max(...all.map(row => row[column].length)));
        const line = (row: Row): string => row
            .map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))
            .join("  ").trimEnd();
        return [line(header), widths.map(width => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n");
    },
    list: lines => lines.map(line => `- ${line}`).join("\n"),
};

export const markdown: Table = {
    render(header, rows) {
        const rule = header.map((_, column) => column === 0 ? "---" : "---:");
        return [header, rule, ...rows].map(row => `| ${row.map(escaped).join(" | ")} |`).join("\n");
    },
    list: lines => lines.map(line => `- ${escaped(line)}`).join("\n"),
};

function escaped(text: string): string {
    return text.replace(/[|*]/g, "\\$&");
}
