// Stands in for docker, as far as the scripts use it.
const fs = require("node:fs");
const path = require("node:path");
const { load, save, record, end, option } = require("./state.cjs");

const args = process.argv.slice(2);
record("docker", args);
const state = load();
if (state.behave.docker === "down") end(1, "Cannot connect to the Docker daemon\n");

const command = args.slice(0, 2).join(" ");
if (command === "container ls") {
    const label = option(args, "--filter").replace("label=io.x-k8s.kind.cluster=", "");
    const name = option(args, "--filter").replace(/^name=\^\/\?(.*)\$$/, "$1");
    for (const node of state.nodes) {
        if (node.cluster === label || node.name === name) console.log(`id-of-${node.name}`);
    }
} else if (command === "container inspect") {
    const found = args.slice(2).map(id => state.nodes.find(node => `id-of-${node.name}` === id));
    console.log(JSON.stringify(found.map(node => ({
        Name: `/${node.name}`,
        State: { Running: node.running },
        Mounts: node.mounts.map(Destination => ({ Destination })),
        Config: { Labels: { "io.x-k8s.kind.role": node.role } },
    }))));
} else if (command === "container start") {
    state.nodes.find(node => node.name === args[2]).running = true;
    save(state);
} else if (args[0] === "exec" && args.includes("/readyz")) {
    const node = state.nodes.find(({ name }) => name === args[1]);
    if (!node?.running || !node.api) end(1, "no answer\n");
} else if (args[0] === "exec" && args.at(-1) === "/etc/kubernetes/pki/apiserver.crt") {
    if (!state.behave.certificate) end(1, "cat: can't open it\n");
    console.log(state.behave.certificate);
} else if (args[0] === "exec" && args.includes("import")) {
    const archive = fs.readFileSync(0, "utf8");
    state.nodes.find(({ name }) => name === args[2]).images.push(`${archive} for ${option(args, "--platform")}`);
    save(state);
} else if (command === "image inspect") {
    console.log("linux/arm64");
} else if (command === "image save") {
    fs.writeFileSync(option(args, "--output"), `archive of ${args.at(-1)}`);
} else if (args[0] === "run") {
    const directory = /source=([^,]+)/.exec(option(args, "--mount"))[1];
    for (const name of fs.readdirSync(directory)) {
        if (name === ".landfall") continue;
        fs.chmodSync(path.join(directory, name), 0o777);
        fs.rmSync(path.join(directory, name), { recursive: true });
    }
} else {
    end(125, `the fake docker does not know ${args.join(" ")}\n`);
}
