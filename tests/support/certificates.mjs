// Test certificates, made by the openssl command line: the judge of our TLS is not our own code.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] });

/** A root CA in `folder`; returns its files. */
export function makeRoot(folder, name = 'Test root') {
  mkdirSync(folder, { recursive: true });
  const key = join(folder, 'root.key'), cert = join(folder, 'root.pem');
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30',
    '-subj', `/CN=${name}`, '-keyout', key, '-out', cert,
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
  return { key, cert };
}

/** A server certificate for `hosts`, signed by `root` (or self-signed without one). `days` may be negative: expired. */
export function makeLeaf(folder, root, hosts, { days = 7, name = 'leaf' } = {}) {
  const key = join(folder, `${name}.key`), csr = join(folder, `${name}.csr`), cert = join(folder, `${name}.pem`);
  const ext = join(folder, `${name}.ext`);
  writeFileSync(ext, ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=serverAuth', 'subjectKeyIdentifier=hash',
    ...(root ? ['authorityKeyIdentifier=keyid:always'] : []),
    `subjectAltName=${hosts.map((h) => `DNS:${h}`).join(',')}`].join('\n'));
  openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${hosts[0]}`,
    '-keyout', key, '-out', csr);
  const validity = days < 0 ? ['-days', '-1'] : ['-days', String(days)];
  const signer = root ? ['-CA', root.cert, '-CAkey', root.key, '-CAcreateserial'] : ['-signkey', key];
  openssl('x509', '-req', '-in', csr, '-out', cert, '-extfile', ext, '-sha256', ...signer, ...validity);
  return { key: readFileSync(key), cert: readFileSync(cert), keyFile: key, certFile: cert };
}
