// Stands in for kind, as far as the scripts use it.
const fs = require("node:fs");
const { load, save, record, end, option } = require("./state.cjs");

const args = process.argv.slice(2);
record("kind", args);
const state = load();
const cluster = option(args, "--name");
const command = args.slice(0, 2).join(" ");

if (command === "create cluster") {
    const config = JSON.parse(fs.readFileSync(0, "utf8"));
    if (state.nodes.some(node => node.cluster === cluster)) end(1, "ERROR: node(s) already exist\n");
    if (state.behave.kind === "files") end(1, "failed to create fsnotify watcher: too many open files\n");
    if (state.behave.kind === "port") end(1, "Bind for 127.0.0.1:8080 failed: port is already allocated\n");
    const api = state.behave.kind !== "hang" && state.behave.kind !== "fail";
    config.nodes.forEach((node, index) => state.nodes.push({
        cluster,
        name: `${cluster}-${node.role}${index > 1 ? index : ""}`,
        role: node.role,
        running: true,
        api,
        mounts: node.extraMounts.map(mount => mount.containerPath),
        images: [],
    }));
    state.config = config;
    save(state);
    fs.appendFileSync(option(args, "--kubeconfig"), "what kind would have put into the user's own\n");
    if (state.behave.kind === "fail") end(1, "kubeadm init failed\nk8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow.(*Runner).Run.func1\n\tk8s.io/kubernetes@v1.36.4/runner.go:262\nmain.main\n\tk8s.io/kubernetes@v1.36.4/kubeadm.go:25\n");
    if (state.behave.kind === "hang") {
        fs.writeFileSync(`${process.env.FAKES}/hanging`, String(process.pid));
        setTimeout(() => undefined, 60_000);
    }
} else if (command === "delete cluster") {
    if (!option(args, "--kubeconfig")) end(1, "this would change the user's kubeconfig\n");
    state.nodes = state.nodes.filter(node => node.cluster !== cluster);
    save(state);
} else if (command === "get kubeconfig") {
    const isUp = state.nodes.some(node => node.cluster === cluster && node.running);
    if (!isUp) end(1, "ERROR: could not locate any nodes\n");
    console.log(`kubeconfig of ${cluster}`);
} else if (command === "load docker-image") {
    if (state.behave.kind === "digest") end(1, "ctr: content digest sha256:0: not found\n");
    state.nodes.filter(node => node.cluster === cluster).forEach(node => node.images.push(args[2]));
    save(state);
} else {
    end(1, `the fake kind does not know ${args.join(" ")}\n`);
}
