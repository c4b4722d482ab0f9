import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { CheckFailure, main, Provider } from "@pulumi/pulumi/provider";
import type { Values } from "../../values";
import { killAll } from "./run";

/** Serves a provider to the engine that started this process. Ends with the engine, together with all programs that it runs. */
export function serve(provider: Provider): void {
    process.stdin.resume().on("end", () => {
        killAll();
        process.exit();
    });
    void main(provider, process.argv.slice(2));
}

/** The version of a provider's SDK, which is the version that the program requests. */
export function versionOf(sdk: string): string {
    return (require(`${sdk}/package.json`) as { version: string }).version;
}

/** Shows a line beside the resource while the engine works on it. */
export function show(urn: string, line: string): void {
    const address = engineAddress();
    if (!address) return;
    engine ??= new EngineClient(address, grpc.credentials.createInsecure());
    const request = new LogRequest();
    request.setSeverity(LogSeverity.INFO);
    request.setMessage(line);
    request.setUrn(urn);
    request.setEphemeral(true);
    engine.log(request, () => undefined); // losing a line is harmless
}

let engine: EngineClient | undefined;

function engineAddress(): string | undefined {
    return require.main?.filename.startsWith(__dirname)
        ? process.argv.slice(2).findLast(argument => !argument.startsWith("-")) : undefined;
}

/** The last part of a URN's type and its name: of `…$random:index/randomPassword:RandomPassword::admin` that type, and `admin`. */
export function partsOf(urn: string): { type: string; name: string } {
    const [, , types, ...name] = urn.split("::");
    return { type: types.split("$").pop() as string, name: name.join("::") };
}

/** Why something is refused. */
export const reason = "Landfall's own provider for closed networks does not do this; Pulumi's provider does";

/** Lists the features that a resource uses and this provider lacks; the real provider has them. */
export function refuse(urn: string, inputs: Values, supported: Record<string, readonly string[]>): CheckFailure[] {
    const { type } = partsOf(urn);
    if (!supported[type]) return [{ property: type, reason }];
    return Object.keys(inputs).filter(key => !supported[type].includes(key)).map(property => ({ property, reason }));
}
