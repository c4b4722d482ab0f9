import * as grpc from "@grpc/grpc-js";
import { ILanguageRuntimeServer, LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import {
    AboutResponse, GetProgramDependenciesResponse, GetRequiredPackagesResponse, GetRequiredPluginsResponse,
    InstallDependenciesResponse, LanguageHandshakeResponse, ProgramInfo, RunPluginRequest, RunPluginResponse, RunRequest, RunResponse,
} from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import * as path from "node:path";

/** Exit code of a program that has already said what is wrong. */
const toldUser = 32;

const running = new Set<ChildProcess>();
let engineAddress = process.argv.slice(2).findLast(argument => !argument.startsWith("-")) ?? "";

/** Pulumi's language host for Node. It starts programs and policy packs with their own SDK. */
const languageHost: Partial<ILanguageRuntimeServer> = {
    handshake: ({ request }, callback) => {
        engineAddress = request.getEngineAddress();
        callback(null, new LanguageHandshakeResponse());
    },
    getPluginInfo: (_call, callback) => callback(null, new PluginInfo()),
    about: (_call, callback) => {
        const about = new AboutResponse();
        about.setExecutable(process.execPath);
        about.setVersion(process.version);
        callback(null, about);
    },
    // Which providers a program needs is only known when it runs, so none can be downloaded before.
    getRequiredPlugins: (_call, callback) => callback(null, new GetRequiredPluginsResponse()),
    getRequiredPackages: (_call, callback) => callback(null, new GetRequiredPackagesResponse()),
    getProgramDependencies: (_call, callback) => callback(null, new GetProgramDependenciesResponse()),
    installDependencies: call => {
        const info = call.request.getInfo() as ProgramInfo;
        const args = ["install", "--no-audit", "--no-fund"];
        const child = start(spawn("npm", args, { cwd: info.getProgramDirectory(), stdio: ["ignore", "pipe", "pipe"] }));
        child.stdout.on("data", (data: Buffer) => call.write(new InstallDependenciesResponse().setStdout(data)));
        child.stderr.on("data", (data: Buffer) => call.write(new InstallDependenciesResponse().setStderr(data)));
        child.on("error", error => call.emit("error", error));
        child.on("close", code => code === 0 ? call.end() : call.emit("error", failure(`npm install ended with exit code ${code}`)));
    },
    run: ({ request }, callback) => {
        const info = request.getInfo() as ProgramInfo;
        const env = {
            ...process.env,
            PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
            PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        };
        const args = [...nodeArguments(info), sdk(info, "cmd/run"), ...programArguments(request, info)];
        const child = start(spawn(process.execPath, args, { env, stdio: ["ignore", "inherit", "inherit"] }));
        const response = new RunResponse();
        child.on("error", error => response.setError(`Node can't be run: ${error.message}`));
        child.on("close", (code, signal) => {
            if (code === toldUser) response.setBail(true);
            else if (code !== 0) response.setError(`The program ended with ${signal ?? `exit code ${code}`}`);
            callback(null, response);
        });
    },
    runPlugin: call => {
        const { request } = call;
        const info = request.getInfo() as ProgramInfo;
        if (request.getKind() !== "analyzer") {
            call.emit("error", refusal(`plugins of the kind ${request.getKind()}`));
            return;
        }
        const child = start(spawn(process.execPath, pluginArguments(request, info), {
            cwd: info.getProgramDirectory(),
            env: Object.fromEntries(request.getEnvList().map(entry => entry.split(/=(.*)/s, 2))),
        }));
        const answer = (set: (response: RunPluginResponse) => void): void => {
            const response = new RunPluginResponse();
            set(response);
            call.write(response);
        };
        child.stdout.on("data", (data: Buffer) => answer(response => response.setStdout(data)));
        child.stderr.on("data", (data: Buffer) => answer(response => response.setStderr(data)));
        child.on("error", error => call.emit("error", error));
        child.on("close", code => {
            answer(response => response.setExitcode(code ?? 1));
            call.end();
        });
        call.on("cancelled", () => child.kill());
    },
    cancel: (_call, callback) => {
        running.forEach(child => child.kill("SIGINT"));
        callback(null, new Empty());
    },
};

function programArguments(request: RunRequest, info: ProgramInfo): string[] {
    const options: Record<string, string> = {
        monitor: request.getMonitorAddress(),
        engine: engineAddress,
        organization: request.getOrganization(),
        project: request.getProject(),
        "root-directory": info.getRootDirectory(),
        stack: request.getStack(),
        pwd: info.getProgramDirectory(),
        parallel: String(request.getParallel()),
    };
    return [
        ...Object.entries(options).filter(([, value]) => value).flatMap(([name, value]) => [`--${name}`, value]),
        ...(request.getDryrun() ? ["--dry-run"] : []),
        info.getEntryPoint(), ...request.getArgsList(),
    ];
}

function pluginArguments(request: RunPluginRequest, info: ProgramInfo): string[] {
    const directory = info.getProgramDirectory();
    return [sdk(info, "cmd/run-policy-pack"), ...nodeArguments(info), ...request.getArgsList(), directory];
}

/** The project's option `nodeargs`. */
function nodeArguments(info: ProgramInfo): string[] {
    const options = (info.getOptions()?.toJavaScript() ?? {}) as { nodeargs?: string };
    return options.nodeargs?.split(/\s+/).filter(Boolean) ?? [];
}

/** A part of the SDK that a program has installed. */
function sdk(info: ProgramInfo, part: string): string {
    return createRequire(path.join(info.getProgramDirectory(), "package.json")).resolve(`@pulumi/pulumi/${part}`);
}

function failure(details: string): grpc.ServiceError {
    return Object.assign(new Error(details), { code: grpc.status.UNKNOWN, details, metadata: new grpc.Metadata() });
}

function start<T extends ChildProcess>(child: T): T {
    running.add(child);
    return child.on("close", () => running.delete(child));
}

function refusal(what: string): grpc.ServiceError {
    const details = `Landfall's own language host for closed networks does not do ${what}; Pulumi's does`;
    return Object.assign(failure(details), { code: grpc.status.UNIMPLEMENTED });
}

process.stdin.resume().on("end", () => { // the engine has ended
    running.forEach(child => child.kill("SIGKILL"));
    process.exit();
});
const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
server.addService(LanguageRuntimeService, languageHost as grpc.UntypedServiceImplementation);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
});
