import { describe, expect, test } from "vitest";
import { scriptOf } from "../../../../support/operations";
import { onMachine } from "../../../../support/standin";

/** Pods as kubectl prints them: node, readiness and, if they stop, since when. */
const ready = (...nodes: string[]) => nodes.map(node => `${node} True `);
const deployments = ["shop web 02 ", "landfall-gateway envoy 02 "];

/** Runs on a cluster whose nodes, Deployments and pods are these; returns what was restarted, and what people see. */
function spread({ nodes = ["a ", "b "], of = deployments, web = ready("a", "a"), envoy = ready("a", "b"), dns = ["a", "b"], refused = "" }) {
    const lines = (texts: string[]) => texts.length === 0 ? ":" : `printf '%s\\n' ${texts.map(text => `'${text}'`).join(" ")}`;
    const { status, stderr, calls } = onMachine({ kubectl: `case "$*" in
        "get nodes --no-headers") ${lines(nodes)} ;;
        "get nodes "*) ${lines(nodes)} ;;
        "get deployments --all-namespaces --selector app.kubernetes.io/part-of=landfall "*) ${lines(of)} ;;
        "get pods --namespace kube-system "*) ${lines(dns)} ;;
        "get pods --namespace shop --selector app.kubernetes.io/name=web "*) ${lines(web)} ;;
        "get pods --namespace landfall-gateway --selector app.kubernetes.io/name=envoy "*) ${lines(envoy)} ;;
        "rollout restart deployment "*) ${refused && `echo '${refused}' >&2; exit 1`} ;;
    esac` }).run(scriptOf("second-spread"));
    const prefix = "kubectl rollout restart deployment ";
    return { status, stderr, restarted: calls.filter(call => call.startsWith(prefix)).map(call => call.slice(prefix.length)) };
}

describe.skipIf(process.platform !== "linux")("after the work on all nodes", () => {
    test("what is on one node alone is restarted, and nothing else", () => {
        expect(spread({})).toEqual({
            status: 0, restarted: ["web --namespace shop"],
            stderr: "landfall: note: all pods of shop/web are on one node, so it is restarted\n",
        });
        expect(spread({ envoy: ready("b", "b") }).restarted).toEqual(["web --namespace shop", "envoy --namespace landfall-gateway"]);
        expect(spread({ nodes: ["a ", "b PreferNoSchedule"] }).restarted).toEqual(["web --namespace shop"]);
        expect(spread({ web: ready("a", "b"), dns: ["a", "a"] }).restarted).toEqual(["coredns --namespace kube-system"]);
    });

    test.each([
        ["other nodes accept no pods", { nodes: ["a  ", "b NoSchedule ", "c NoExecute ", "d  true"] }],
        ["there is one pod", { of: ["shop web 01 "], web: ready("a") }],
        ["no pod is ready", { of: ["shop web 0 "], web: ["a False ", "a False "] }],
        ["it must be on that node", { of: ["shop web 02 a"] }],
    ])("nothing is restarted where %s", (_, cluster) => {
        expect(spread(cluster)).toEqual({ status: 0, restarted: [], stderr: "" });
    });

    test("pods that stop or aren't ready don't count", () => {
        expect(spread({ web: [...ready("a", "a"), "b True 2026-11-30T17:00:00Z", "b False "] }).restarted).toEqual(["web --namespace shop"]);
    });

    test("a restart that fails is told, and the next one is tried", () => {
        const { status, restarted, stderr } = spread({ envoy: ready("b", "b"), refused: "it is paused" });
        expect([status, restarted]).toEqual([0, ["web --namespace shop", "envoy --namespace landfall-gateway"]]);
        expect(stderr).toContain("landfall: note: shop/web can't be restarted: it is paused\n");
        const again = spread({ refused: "if restart has already been triggered within the past second" });
        expect([again.status, again.stderr]).toEqual([0, expect.not.stringContaining("can't")]);
    });
});
