// Loads an image of this computer into the cluster's nodes.
import { fail, main, setting } from "../scripts/process";
import { minikube } from "./profile";

void main(() => {
    const [profile, image] = [setting("CLUSTER_NAME"), setting("IMAGE")];
    const problem = `The image ${image} could not be loaded into the cluster ${profile}.`;
    minikube(profile, ["image", "load", image, "--profile", profile], problem);
    // `minikube image load` reports success after some failures.
    const images = minikube(profile, ["image", "ls", "--profile", profile], problem).split("\n");
    if (!images.includes(image)) fail(problem);
});
