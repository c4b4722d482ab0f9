import type { Provider } from "@pulumi/pulumi/provider";
import { randomInt, randomUUID } from "node:crypto";
import { secret, unwrap, Values } from "../../values";
import { partsOf, reason, refuse, serve, versionOf } from "./serve";

const options = ["length", "lower", "upper", "numeric", "special"];
const password = "random:index/randomPassword:RandomPassword";
const uuid = "random:index/randomUuid:RandomUuid";
const supported = { [password]: options, [uuid]: [] };

const letters = "abcdefghijklmnopqrstuvwxyz";
const classes: Record<string, string> = {
    lower: letters, upper: letters.toUpperCase(), numeric: "0123456789", special: "!@#$%&*()-_=+[]{}<>:?",
};
const defaults = { lower: true, upper: true, numeric: true, special: true };

const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** `RandomPassword` and `RandomUuid`: generated once and kept. Other inputs generate another. */
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
    async read(id: string, urn: string, state: Values) {
        if (state.result !== undefined) return { id, props: state }; // a refresh
        const { type } = partsOf(urn);
        if (type !== uuid) throw new Error(`import of ${type}: ${reason}`);
        if (!isUuid.test(id)) throw new Error(`${JSON.stringify(id)} is not a UUID, such as ${randomUUID()}`);
        const result = id.toLowerCase();
        return { id: result, props: { result }, inputs: {} };
    },
};

function generate({ length, ...use }: Values): string {
    const characters = Object.keys(classes).filter(name => use[name] === true).map(name => classes[name]).join("");
    if (characters === "") throw new Error("at least one of lower, upper, numeric and special must be true");
    return Array.from({ length: Number(length) }, () => characters[randomInt(characters.length)]).join("");
}

if (require.main === module) serve(random);
