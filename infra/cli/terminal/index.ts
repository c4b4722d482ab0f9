const clearLine = "\r\u001b[2K";
/** Interval of a terminal's status line, and the longest silence on a pipe, in milliseconds. */
const pace = { terminal: 1000, pipe: 30_000 };

/** The used part of the output stream. */
interface Sink {
    write(text: string): unknown;
    isTTY?: boolean;
    columns?: number;
}

/** Writes lines, and the status of long operations: in place on a terminal, as plain lines elsewhere. */
export class Terminal {
    private readonly updates: boolean;
    private hasStatus = false;
    private lastWrite = Date.now();

    constructor(private readonly out: Sink = process.stdout, environment: NodeJS.ProcessEnv = process.env) {
        this.updates = Boolean(out.isTTY) && !environment.CI && environment.TERM !== "dumb";
    }

    /** Writes one line, or several. */
    readonly line = (text = ""): void => {
        this.out.write(`${this.hasStatus ? clearLine : ""}${text}\n`);
        this.hasStatus = false;
        this.lastWrite = Date.now();
    };

    /** Shows the result of `describe()`, unless empty, until the returned function is called. */
    watch(describe: () => string): () => void {
        const show = (): void => {
            const text = describe();
            if (text === "") return;
            if (this.updates) {
                this.out.write(`${clearLine}${text.slice(0, (this.out.columns ?? 80) - 1)}`);
                this.hasStatus = true;
            } else if (Date.now() - this.lastWrite >= pace.pipe) {
                this.line(text);
            }
        };
        const timer = setInterval(show, pace.terminal);
        return () => {
            clearInterval(timer);
            if (this.hasStatus) this.out.write(clearLine);
            this.hasStatus = false;
        };
    }
}

/** The command's steps: prints the current one, the next one, and how long each took. */
export class Steps {
    private done = 0;

    constructor(private readonly terminal: Terminal, private readonly titles: string[]) {}

    /** Does the next step. */
    async next<T>(work: () => Promise<T>): Promise<T> {
        const [title, following] = this.titles.slice(this.done);
        const start = Date.now();
        const then = following ? `  (next: ${following[0].toLowerCase()}${following.slice(1)})` : "";
        this.terminal.line(`\n[${++this.done}/${this.titles.length}] ${title}${then}`);
        const result = await work();
        this.terminal.line(`      ${seconds(start)}`);
        return result;
    }
}

/** The time since `start`, as text. */
export function seconds(start: number): string {
    const total = Math.round((Date.now() - start) / 1000);
    return total < 120 ? `${total} s` : `${Math.floor(total / 60)} min ${total % 60} s`;
}
