import { crc32, deflateSync } from "node:zlib";

/** A PNG of one grey pixel with a remark, so that two pictures are never the same. */
export function picture(remark: string): Buffer {
    const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]); // 1 × 1, eight bits of grey
    return Buffer.concat([
        Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
        chunk("IHDR", header),
        chunk("tEXt", Buffer.from(`Comment\0${remark}`, "latin1")),
        chunk("IDAT", deflateSync(Buffer.from([0, 128]))),
        chunk("IEND", Buffer.alloc(0)),
    ]);
}

function chunk(type: string, data: Buffer): Buffer {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    checksum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, checksum]);
}
