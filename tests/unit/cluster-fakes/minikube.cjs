// Stands in for minikube, as far as the scripts use it.
const fs = require("node:fs");
const path = require("node:path");
const { load, save, record, end, option } = require("./state.cjs");

const args = process.argv.slice(2);
record("minikube", args);
const state = load();
const known = state.behave.knows ?? ["v1.36.4", "v1.36.3", "v1.35.9"];
if (args.join(" ") === "config defaults kubernetes-version") {
    console.log(known.map(version => `* ${version}`).join("\n"));
    process.exit();
}
const name = option(args, "--profile");
const directory = path.join(process.env.MINIKUBE_HOME, ".minikube", "profiles", name);
const profile = state.profiles[name];

const version = option(args, "--kubernetes-version") ?? profile?.version ?? known[0];

if (args[0] === "start") {
    if (!known.includes(version) && !args.includes("--force")) {
        if (state.behave.minikube === "offline") end(48, "X Exiting due to INET_LOOKUP_HOST: no such host\n");
        if (!["asks", "down"].includes(state.behave.minikube)) end(106, `X Exiting due to K8S_NEW_UNSUPPORTED: Kubernetes ${version} is not supported\n`);
    }
    if (args.includes("--dry-run")) {
        if (state.behave.minikube === "down") end(50, "X Exiting due to PROVIDER_DOCKER_NOT_RUNNING: docker is not running\n");
        fs.mkdirSync(directory, { recursive: true });
        process.exit();
    }
    if (state.behave.minikube === "fail") end(1, "Exiting due to GUEST_PROVISION\n");
    fs.mkdirSync(directory, { recursive: true });
    const KubernetesConfig = { KubernetesVersion: version };
    fs.writeFileSync(path.join(directory, "config.json"), JSON.stringify({ KubernetesConfig }));
    fs.writeFileSync(path.join(directory, "ca.crt"), "authority");
    state.profiles[name] ??= { port: 32768, images: [] };
    state.profiles[name].version = version;
    if (!state.profiles[name].running) state.profiles[name].port++;
    state.profiles[name].running = true;
    writeKubeconfig();
    save(state);
} else if (args[0] === "status") {
    const Host = profile?.gone ? "Nonexistent" : profile.running ? "Running" : "Stopped";
    const stale = profile.running && !readKubeconfig().includes(`:${profile.port}`);
    const Kubeconfig = stale ? "Misconfigured" : "Configured";
    console.log(JSON.stringify({ Name: name, Host, Kubelet: Host, APIServer: Host, Kubeconfig }));
    end(Host === "Running" ? 0 : 7);
} else if (args[0] === "update-context") {
    writeKubeconfig();
} else if (args[0] === "ip") {
    console.log("198.18.0.7");
} else if (args[0] === "delete") {
    fs.rmSync(directory, { recursive: true, force: true });
    delete state.profiles[name];
    save(state);
} else if (args.slice(0, 2).join(" ") === "image load") {
    if (state.behave.minikube !== "lies") profile.images.push(args[2]);
    save(state);
} else if (args.slice(0, 2).join(" ") === "image ls") {
    console.log(profile.images.join("\n"));
} else {
    end(64, `the fake minikube does not know ${args.join(" ")}\n`);
}

function readKubeconfig() {
    return fs.readFileSync(process.env.KUBECONFIG, "utf8");
}

function writeKubeconfig() {
    fs.writeFileSync(process.env.KUBECONFIG, [
        "clusters:",
        "- cluster:",
        `    certificate-authority: ${path.join(directory, "ca.crt")}`,
        `    server: https://127.0.0.1:${state.profiles[name].port}`,
        `  name: ${name}`,
        "",
    ].join("\n"));
}
