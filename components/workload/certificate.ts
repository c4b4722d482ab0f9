import { p256 } from "@noble/curves/nist";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
    AlgorithmIdentifier, AttributeTypeAndValue, AttributeValue, AuthorityKeyIdentifier, BasicConstraints, Certificate,
    ExtendedKeyUsage, Extension, Extensions, GeneralName, GeneralSubtree, GeneralSubtrees, id_ce_authorityKeyIdentifier,
    id_ce_basicConstraints, id_ce_extKeyUsage, id_ce_keyUsage, id_ce_nameConstraints, id_ce_subjectAltName,
    id_ce_subjectKeyIdentifier, id_kp_serverAuth, KeyIdentifier, KeyUsage, KeyUsageFlags, Name, NameConstraints,
    RelativeDistinguishedName, SubjectAlternativeName, SubjectKeyIdentifier, SubjectPublicKeyInfo, TBSCertificate,
    Validity, Version,
} from "@peculiar/asn1-x509";
import * as pulumi from "@pulumi/pulumi";
import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from "node:crypto";

/** Who a server is to its clients. */
export interface ServerIdentity {
    /** Secret that both private keys are derived from. @example a RandomPassword's result */
    seed: string;
    /** Its names in the cluster, the shortest first. @example ["database", "database.production.svc"] */
    names: string[];
    /** Its address in the cluster, IPv4 or IPv6. @example "10.96.12.34" */
    address: string;
}

/** What a server and its clients need for TLS, as PEM. */
export interface ServerCertificate {
    /** Certificate of the authority, which clients trust. */
    authority: string;
    /** The server's certificate. */
    certificate: string;
    /** The server's private key. */
    key: string;
    /** The end of both certificates. */
    expires: Date;
}

/** Years until the certificates change, and years that they stay valid after that. */
const term = { years: 5, after: 10 };

/** Both use ECDSA with P-256 and SHA-256, which every TLS library knows. */
const ecdsaWithSha256 = new AlgorithmIdentifier({ algorithm: "1.2.840.10045.4.3.2" });
const attributes = { organization: "2.5.4.10", commonName: "2.5.4.3" };

/**
 * Issues a server's certificate by an authority of its own, which can only sign for this server's names and address. The
 * same seed and names always give the same certificates, until their term ends: so nothing has to be stored, and a run
 * without a change changes nothing. A new term keeps the keys, so certificates of both terms are valid for all clients.
 */
export function issueCertificate(identity: ServerIdentity, now = new Date()): ServerCertificate {
    const { names } = identity;
    const [authorityKey, serverKey] = [deriveKey(identity.seed, "authority"), deriveKey(identity.seed, "server")];
    const issuer = nameOf({ organization: "Authority", commonName: names[0] });
    const validity = validityAt(now);
    const issue = (subject: Name, key: Key, extensions: Extension[]): string => {
        const content = { issuer, subject, validity, publicKey: key.publicKey, authority: authorityKey.publicKey, extensions };
        return pem(sign(content, authorityKey));
    };
    const hosts = [...names.map(dNSName => new GeneralName({ dNSName })), new GeneralName({ iPAddress: identity.address })];
    return {
        authority: issue(issuer, authorityKey, [
            extension(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
            extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign), true),
            extension(id_ce_nameConstraints, new NameConstraints({ permittedSubtrees: onlyFor(identity) }), true),
        ]),
        certificate: issue(nameOf({ commonName: names[0] }), serverKey, [
            extension(id_ce_basicConstraints, new BasicConstraints({ cA: false }), true),
            extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
            extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth])),
            extension(id_ce_subjectAltName, new SubjectAlternativeName(hosts)),
        ]),
        key: serverKey.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
        expires: validity.notAfter.getTime(),
    };
}

/** A digest of all that clients check, which stays the same in every term. */
export function identityDigest({ seed, names, address }: ServerIdentity): string {
    const keys = (["authority", "server"] as const).map(use => deriveKey(seed, use).publicKey.toString("base64"));
    return createHash("sha256").update(JSON.stringify([keys, names, address])).digest("hex");
}

/** What a Service's server and its clients need for TLS, by what is known when the program runs. */
export interface Tls {
    /** For clients; not secret. */
    authority: pulumi.Output<string>;
    files: Record<"tls.crt" | "tls.key", pulumi.Output<string>>;
    /** Changes with the keys and names, not with the term. */
    identity: pulumi.Output<string>;
    /** When the certificates end, as an ISO date. */
    expires: pulumi.Output<string>;
}

/** Issues the certificate of the server behind a Service. */
export function serverTls(
    service: { name: string; namespace: pulumi.Input<string>; host: pulumi.Input<string> }, seed: pulumi.Input<string>,
): Tls {
    const { name } = service;
    const issued = pulumi.all([seed, service.namespace, service.host]).apply(([seed, namespace, address]) => {
        const within = `${name}.${namespace}`;
        const identity = { seed, address, names: [name, within, `${within}.svc`, `${within}.svc.cluster.local`] };
        const { expires, ...texts } = issueCertificate(identity);
        return { ...texts, identity: identityDigest(identity), expires: expires.toISOString() };
    });
    return {
        authority: pulumi.unsecret(issued.authority),
        files: { "tls.crt": issued.certificate, "tls.key": issued.key },
        identity: issued.identity,
        expires: pulumi.unsecret(issued.expires),
    };
}

interface Key {
    scalar: Uint8Array;
    privateKey: KeyObject;
    /** A SubjectPublicKeyInfo, as DER. */
    publicKey: Buffer;
}

function deriveKey(seed: string, use: "authority" | "server"): Key {
    // 48 bytes: reduced to the curve's order, they have no bias that matters.
    const bytes = new Uint8Array(hkdfSync("sha256", seed, "", `landfall ${use} P-256`, 48));
    const order = p256.CURVE.n;
    const scalar = p256.CURVE.Fp.toBytes(BigInt(`0x${Buffer.from(bytes).toString("hex")}`) % (order - 1n) + 1n);
    const point = Buffer.from(p256.getPublicKey(scalar, false));
    const encoded = (part: Uint8Array): string => Buffer.from(part).toString("base64url");
    const privateKey = createPrivateKey({
        format: "jwk",
        key: { kty: "EC", crv: "P-256", d: encoded(scalar), x: encoded(point.subarray(1, 33)), y: encoded(point.subarray(33)) },
    });
    return { scalar, privateKey, publicKey: createPublicKey(privateKey).export({ type: "spki", format: "der" }) };
}

/** Begins a year early, for a computer whose clock is slow. */
function validityAt(now: Date): Validity {
    const start = now.getUTCFullYear() - now.getUTCFullYear() % term.years;
    const newYear = (year: number): Date => new Date(Date.UTC(year, 0, 1));
    return new Validity({ notBefore: newYear(start - 1), notAfter: newYear(start + term.years + term.after) });
}

function onlyFor({ names, address }: ServerIdentity): GeneralSubtrees {
    const network = `${address}/${address.includes(":") ? 128 : 32}`;
    const bases = [...names.map(dNSName => new GeneralName({ dNSName })), new GeneralName({ iPAddress: network })];
    return new GeneralSubtrees(bases.map(base => new GeneralSubtree({ base })));
}

interface Content {
    issuer: Name;
    subject: Name;
    validity: Validity;
    publicKey: Buffer;
    /** The issuer's public key. */
    authority: Buffer;
    extensions: Extension[];
}

function sign({ issuer, subject, validity, publicKey, authority, extensions }: Content, key: Key): Certificate {
    const tbsCertificate = new TBSCertificate({
        version: Version.v3,
        signature: ecdsaWithSha256,
        issuer, subject, validity,
        subjectPublicKeyInfo: AsnConvert.parse(publicKey, SubjectPublicKeyInfo),
        extensions: new Extensions([
            ...extensions,
            extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdentifier(publicKey))),
            extension(id_ce_authorityKeyIdentifier, new AuthorityKeyIdentifier({
                keyIdentifier: new KeyIdentifier(keyIdentifier(authority)),
            })),
        ]),
    });
    tbsCertificate.serialNumber = serialNumber(AsnConvert.serialize(tbsCertificate));
    const content = new Uint8Array(AsnConvert.serialize(tbsCertificate));
    // Node signs with a random number, so its signatures always differ. This one follows RFC 6979.
    const signature = p256.sign(createHash("sha256").update(content).digest(), key.scalar).toBytes("der");
    return new Certificate({ tbsCertificate, signatureAlgorithm: ecdsaWithSha256, signatureValue: bufferOf(signature) });
}

/** Different certificates of an issuer have different numbers, positive and of at most 20 bytes. */
function serialNumber(content: ArrayBuffer): ArrayBuffer {
    const digest = createHash("sha256").update(new Uint8Array(content)).digest().subarray(0, 16);
    digest[0] = digest[0] & 0x3f | 0x40;
    return bufferOf(digest);
}

function keyIdentifier(publicKey: Buffer): ArrayBuffer {
    return bufferOf(createHash("sha256").update(publicKey).digest().subarray(0, 20));
}

function extension(extnID: string, value: object, critical = false): Extension {
    return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function nameOf(parts: Partial<typeof attributes>): Name {
    return new Name(Object.entries(parts).map(([part, utf8String]) => new RelativeDistinguishedName([
        new AttributeTypeAndValue({
            type: attributes[part as keyof typeof attributes], value: new AttributeValue({ utf8String }),
        }),
    ])));
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
    return new Uint8Array(bytes).buffer;
}

function pem(certificate: Certificate): string {
    const lines = Buffer.from(AsnConvert.serialize(certificate)).toString("base64").match(/.{1,64}/g) ?? [];
    return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
