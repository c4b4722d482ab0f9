import { crc32, deflateSync } from "node:zlib";

/** A grey PNG of this size with a remark, so that two pictures are never the same. */
export function picture(remark: string, width = 1, height = 1): Buffer {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(width);
    header.writeUInt32BE(height, 4);
    header.writeUInt8(8, 8); // bits of grey
    const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width, 128)]);
    return Buffer.concat([
        Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
        chunk("IHDR", header),
        chunk("tEXt", Buffer.from(`Comment\0${remark}`, "latin1")),
        chunk("IDAT", deflateSync(Buffer.concat(Array<Buffer>(height).fill(row)), { level: 1 })),
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
