import * as pulumi from "@pulumi/pulumi";
import type { PlatformGateway } from "../components/platform";
import { Activator, activatorImageContext, ContainerImage, type Environment } from "../components/workload";
import { activatorName } from "../components/workload/labels";
import type { Settings } from "./config";
import { trafficOf } from "./limits";
import { Services } from "./services";
import { WordPress } from "./wordpress";

/** What every application has. */
export interface Application {
    /** What people need to know about it. */
    readonly outputs: { address: pulumi.Output<string>; images: pulumi.Output<string[]>; [name: string]: unknown };
}

/** The application of the type that the settings name. */
export function createApplication(settings: Settings, place: { environment: Environment; gateway: PlatformGateway }): Application {
    const { app, ...others } = settings;
    const application = app.type === "services"
        ? new Services("services", { ...place, settings: { ...others, app } })
        : new WordPress("wordpress", { ...place, settings: { ...others, app } });
    const { environment } = place;
    if (environment.sleep === undefined) return application;
    const { reference } = new ContainerImage(activatorName, { cluster: environment.cluster, context: activatorImageContext, owner: environment.imageOwner, ...app.images });
    new Activator(activatorName, { environment, image: reference, requests: trafficOf(app).requests });
    const { images, ...outputs } = application.outputs;
    return { outputs: { ...outputs, images: pulumi.all([images, reference]).apply(([own, activator]) => [...own, activator]) } };
}
