import { randomBytes, randomInt, randomUUID } from "node:crypto";

import type { Outcome } from "./monitor";
import type { Handler } from "./types";
import { asString, equal, secret, unwrap, type Values } from "./values";

const letters = "abcdefghijklmnopqrstuvwxyz";
const special = "!@#$%&*()-_=+[]{}<>:?";

export const randomPassword: Handler = generated(inputs => ({ id: "none", outputs: { result: secret(text(inputs)) } }));

export const randomString: Handler = generated(inputs => {
    const result = text(inputs);
    return { id: result, outputs: { result } };
});

export const randomUuid: Handler = generated(() => {
    const result = randomUUID();
    return { id: result, outputs: { result } };
});

export const randomId: Handler = generated(inputs => {
    const bytes = randomBytes(Number(unwrap(inputs.byteLength)));
    const prefix = asString(inputs.prefix) ?? "";
    const outputs = {
        b64Std: prefix + bytes.toString("base64"),
        b64Url: prefix + bytes.toString("base64url"),
        hex: prefix + bytes.toString("hex"),
        dec: prefix + BigInt(`0x${bytes.toString("hex")}`).toString(),
    };
    return { id: bytes.toString("base64url"), outputs };
});

/** A value that is made once and kept: any other input, such as a keeper, makes a new one. */
function generated(generate: (inputs: Values) => Outcome): Handler {
    return {
        diff: (old, inputs) => ({ change: equal(old.inputs, inputs) ? "none" : "replace" }),
        async create({ inputs }) {
            const { id, outputs } = generate(inputs);
            return { id, outputs: { ...inputs, ...outputs } };
        },
        async update(_, old) {
            return { id: old.id, outputs: old.outputs };
        },
        async delete() {
            // Nothing outside the state.
        },
    };
}

/** Characters of the classes that the inputs allow, at least as many of each as they ask for, in random order. */
function text(inputs: Values): string {
    const plain = unwrap(inputs) as Record<string, unknown>;
    const numeric = plain.numeric ?? plain.number ?? true;
    const classes = [
        { characters: letters, use: plain.lower ?? true, least: plain.minLower },
        { characters: letters.toUpperCase(), use: plain.upper ?? true, least: plain.minUpper },
        { characters: "0123456789", use: numeric, least: plain.minNumeric },
        { characters: String(plain.overrideSpecial ?? special), use: plain.special ?? true, least: plain.minSpecial },
    ].filter(({ use }) => use === true);
    const all = classes.map(({ characters }) => characters).join("");
    if (all === "") throw new Error("A random string needs at least one class of characters");
    const required = classes.flatMap(({ characters, least }) => pick(characters, Number(least ?? 0)));
    return shuffle([...required, ...pick(all, Number(plain.length) - required.length)]).join("");
}

function pick(characters: string, count: number): string[] {
    return Array.from({ length: Math.max(0, count) }, () => characters[randomInt(characters.length)]);
}

function shuffle(items: string[]): string[] {
    for (let index = items.length - 1; index > 0; index--) {
        const other = randomInt(index + 1);
        [items[index], items[other]] = [items[other], items[index]];
    }
    return items;
}
