import { Writable } from "node:stream";

/** A stream that counts what passes through. */
export class Counter extends Writable {
    private bytes = 0;

    constructor(private readonly what: string, private readonly next?: Writable) {
        super();
        next?.on("error", error => this.destroy(error));
    }

    override _write(part: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
        this.bytes += part.length;
        if (this.next) this.next.write(part, done);
        else done();
    }

    /** Counts what passes through. */
    async *counting(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
        for await (const piece of pieces) {
            this.bytes += piece.length;
            yield piece;
        }
    }

    get size(): string {
        return `${(this.bytes / 2 ** 20).toFixed(1)} MiB`;
    }

    readonly status = (): string => `  … ${this.what}: ${this.size}`;
}
