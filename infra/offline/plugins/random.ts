import type { Provider } from "@pulumi/pulumi/provider";
import { randomInt, randomUUID } from "node:crypto";
import { secret, unwrap, Values } from "../../values";
import { partsOf, refuse, serve, versionOf } from "./serve";

const options = ["length", "lower", "upper", "numeric", "special"];
const password = "random:index/randomPassword:RandomPassword";
const uuid = "random:index/randomUuid:RandomUuid";
const supported = { [password]: options, [uuid]: [] };

const letters = "abcdefghijklmnopqrstuvwxyz";
const classes: Record<string, string> = {
    lower: letters, upper: letters.toUpperCase(), numeric: "0123456789", special: "!@#$%&*()-_=+[]{}<>:?",
};
const defaults = { lower: true, upper: true, numeric: true, special: true };

/** `RandomPassword` and `RandomUuid`: made once and kept. Any other input makes another one. */
export const random: Provider = {
    version: versionOf("@pulumi/random"),
    async check(urn: string, _olds: Values, inputs: Values) {
        return { inputs, failures: refuse(urn, inputs, supported) };
    },
    async diff(_id: string, _urn: string, olds: Values, inputs: Values) {
        const [before, now] = [olds, inputs].map(values => unwrap({ ...defaults, ...values }) as Values);
        const replaces = options.filter(option => before[option] !== now[option]);
        return { changes: replaces.length > 0, replaces };
    },
    async create(urn: string, inputs: Values) {
        const { type } = partsOf(urn);
        if (type === uuid) {
            const result = randomUUID();
            return { id: result, outs: { result } };
        }
        const result = generate({ ...defaults, ...unwrap(inputs) as Values });
        return { id: "none", outs: { ...defaults, ...inputs, result: secret(result) } };
    },
};

function generate({ length, ...use }: Values): string {
    const characters = Object.keys(classes).filter(name => use[name] === true).map(name => classes[name]).join("");
    if (characters === "") throw new Error("at least one of lower, upper, numeric and special must be true");
    return Array.from({ length: Number(length) }, () => characters[randomInt(characters.length)]).join("");
}

if (require.main === module) serve(random);
