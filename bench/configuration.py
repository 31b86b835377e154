#!/usr/bin/env python3
"""What reading configuration costs: seconds and MiB of `outriderctl validate`, against the limits promised.

usage: bench/configuration.py [OUTRIDERCTL]      (build/release/bin/outriderctl)
Ends with 1 where a limit is exceeded. `load`: resources as a large mesh has them. `hostile`: files of at most
4 MiB, each the worst of its class; they have to be refused, or judged, within 1 s and 64 MiB.
"""
import os
import subprocess
import sys
import tempfile

RUNS = 3  # of each, of which the quickest counts
MIB = 1 << 20
FULL = 4 * MIB
HEAD = 'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a, namespace: shop}\nspec:\n'


def fill(piece, head='', tail='', size=FULL):
    """`head`, as many pieces as fit, `tail`; a piece is a text or a function of its number."""
    if isinstance(piece, str):
        return head + piece * ((size - len(head) - len(tail)) // len(piece)) + tail
    parts, length, i = [head], len(head) + len(tail), 0
    while True:
        text = piece(i)
        if length + len(text) > size:
            return ''.join(parts) + tail
        parts.append(text)
        length, i = length + len(text), i + 1


def resource(i, rules):
    """A VirtualService and its DestinationRule, as people write them."""
    out = [f'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: vs-{i}\n  namespace: ns-{i % 50}\n'
           f'spec:\n  hosts:\n  - service-{i}\n  http:\n']
    for r in range(rules):
        out.append(f'  - match:\n    - uri: {{prefix: /api/v{r}/items}}\n      headers: {{x-tenant: {{exact: "t{r}"}}}}\n'
                   f'    route:\n    - destination: {{host: service-{i}, subset: v1, port: {{number: 8080}}}}\n      weight: 90\n'
                   f'    - destination: {{host: service-{i}, subset: v2, port: {{number: 8080}}}}\n      weight: 10\n'
                   f'    timeout: 10s\n    retries: {{attempts: 2, perTryTimeout: 2s, retryOn: "connect-failure,refused-stream"}}\n')
    out.append(f'---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: dr-{i}, namespace: ns-{i % 50}}}\n'
               f'spec:\n  host: service-{i}\n  trafficPolicy:\n    connectionPool: {{http: {{http2MaxRequests: 100}}}}\n'
               f'    outlierDetection: {{consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s, maxEjectionPercent: 50}}\n'
               f'  subsets:\n  - name: v1\n    labels: {{version: v1}}\n  - name: v2\n    labels: {{version: v2}}\n---\n')
    return ''.join(out)


def mesh(count, rules, a_file=400):
    """`count` resources in files of `a_file`."""
    pairs, files = count // 2, {}
    for first in range(0, pairs, a_file // 2):
        files[f'mesh-{first:06}.yaml'] = ''.join(resource(i, rules) for i in range(first, min(pairs, first + a_file // 2)))
    return files


# name, files, most seconds, most MiB
LOADS = [
    ('1,000 resources', lambda: mesh(1000, 8), 0.150, None),
    ('20,000 resources', lambda: mesh(20000, 4), 4, 400),
    ('20,000 larger ones', lambda: mesh(20000, 13, 200), 4, None),
]

ROUTE = '  - route: [{destination: {host: b}}]\n'
HOSTILE = {
    'aliases in aliases': lambda: ''.join(f'a{i}: &a{i} [{", ".join([f"*a{i - 1}"] * 10) if i else "x"}]\n' for i in range(10)),
    'a list that holds itself': lambda: 'a: &a [*a]\n',
    'anchors, one a line': lambda: fill(lambda i: f'a{i}: &x{i} 1\n'),
    'the same key again and again': lambda: fill('a: 1\n'),
    'keys, all different': lambda: fill(lambda i: f'k{i}: 1\n'),
    'merge keys': lambda: fill('<<: {a: 1}\n'),
    'tags': lambda: fill(lambda i: f'- !!python/object:os.system x{i}\n'),
    'brackets': lambda: fill('[', 'a: '),
    'braces': lambda: fill('{a: ', 'a: '),
    'dashes': lambda: fill('- '),
    'question marks': lambda: fill('? '),
    'deeper and deeper': lambda: fill(lambda i: ' ' * i + 'a:\n'),
    'an open quote': lambda: fill('x', 'a: "'),
    'an open quote of backslashes': lambda: fill('\\\\', 'a: "'),
    'quotes that never end, as keys': lambda: fill('"a\n'),
    'a scalar': lambda: fill('x', 'a: '),
    'a scalar over lines': lambda: fill('x y\n ', 'a: '),
    'a literal text': lambda: fill('  x\n', 'a: |\n'),
    'a folded text': lambda: fill('  x\n\n', 'a: >\n'),
    'blanks': lambda: fill(' '),
    'empty lines': lambda: fill('\n', 'a: 1\n', 'b: 1\n'),
    'comments': lambda: fill('#\n', 'a: 1\n'),
    'tabs': lambda: fill('\t', 'a:\n'),
    'NUL': lambda: fill('x', 'a: ', '\0\n'),
    'invalid UTF-8 at the end': lambda: fill('x', 'a: ').encode()[:-1] + b'\xff',
    'two bytes a character': lambda: fill('é', 'a: ', size=FULL // 2),
    'a file of 4 MiB and a byte': lambda: fill('x', 'a: ', size=FULL) + 'x',
    'a file of 64 MiB': lambda: 'a: ' + 'x' * (64 * MIB),
    'documents': lambda: fill('a\n---\n'),
    'documents, few enough': lambda: ('a: [\n---\n' * 9999),
    'empty documents': lambda: fill('---\n'),
    'errors in one line': lambda: fill('{q: 1},', HEAD.rstrip() + ' {hosts: [a], http: [', '{}]}\n', size=20000 * 7),
    'errors in one long line': lambda: fill('{"' + 'q' * 200 + '": 1},', '{"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "a"}, "spec": {"http": [', '{}]}}'),
    'a list of 20,000 broken items': lambda: HEAD + '  hosts: [a]\n  http:\n' + '  - {timeout: x}\n' * 19999,
    'an unknown key of megabytes': lambda: fill('q', HEAD + '  ', ': 1\n'),
    'a host of megabytes': lambda: fill('q', HEAD + '  hosts: [', ']\n'),
    '20,000 hosts': lambda: HEAD + '  hosts:\n' + ''.join(f'  - h{i}.example.com\n' for i in range(19999)) + '  http:\n' + ROUTE,
    '20,000 wildcards': lambda: HEAD + '  hosts:\n' + ''.join(f'  - "*.h{i}.example.com"\n' for i in range(19999)) + '  http:\n' + ROUTE,
    'server names against hosts': lambda: HEAD + '  hosts:\n' + ''.join(f'  - h{i}.com\n' for i in range(19000)) +
        '  tls:\n' + ''.join('  - match: [{sniHosts: [' + ', '.join(f'x{i}.com' for i in range(19000)) + ']}]\n    route: [{destination: {host: b}}]\n' for _ in range(10)),
    'prefixes against prefixes': lambda: fill(lambda i: f'  - match: [{{uri: {{prefix: /{i}}}}}]\n    route: [{{destination: {{host: b}}}}]\n' if i < 19999 else ' ' * FULL, HEAD + '  hosts: [a]\n  http:\n'),
    'matches that are alike': lambda: fill('    - uri: {prefix: /a}\n', HEAD + '  hosts: [a]\n  http:\n  - route: [{destination: {host: b}}]\n    match:\n', size=19999 * 23),
    'endpoints against ports': lambda: HEAD.replace('VirtualService', 'ServiceEntry') + '  hosts: [a.com]\n  resolution: STATIC\n  ports:\n' +
        ''.join(f'  - {{number: {i + 1}, name: p{i}, protocol: HTTP}}\n' for i in range(15000)) + '  endpoints:\n' +
        ''.join('  - {address: 1.1.1.1, ports: {' + ', '.join(f'p{i}: 1' for i in range(15000)) + '}}\n' for _ in range(10)),
    'localities against localities': lambda: HEAD.replace('VirtualService', 'DestinationRule') + '  host: a\n  trafficPolicy:\n    loadBalancer:\n      localityLbSetting:\n        distribute:\n' +
        ''.join(f'        - {{from: r/z{i}, to: {{b: 100}}}}\n' for i in range(19999)),
    'a regular expression': lambda: HEAD + '  hosts: [a]\n  http:\n' + '  - match: [{uri: {regex: "' + '(' * 500 + 'x{1000}' + ')' * 500 + '"}}]\n    route: [{destination: {host: b}}]\n' * 1,
    '3,000 regular expressions': lambda: HEAD + '  hosts: [a]\n  http:\n' + ''.join(f'  - match: [{{uri: {{regex: "{"(a|b)*x" * 120}{i}"}}}}]\n    route: [{{destination: {{host: b}}}}]\n' for i in range(3000)),
    'a mesh of 4 MiB': lambda: fill(lambda i: resource(i, 1)),
}


# A child's largest memory counts from what its parent had when it began: so a small parent of its own.
RUN = """import os, sys
sink = os.open(os.devnull, os.O_WRONLY)
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, sink, n) for n in (1, 2)])
_, status, used = os.wait4(child, 0)
print(used.ru_utime + used.ru_stime, used.ru_maxrss, os.waitstatus_to_exitcode(status))"""


def run(ctl, folder):
    """Seconds of processor time, MiB at most, and the exit status."""
    said = subprocess.run([sys.executable, '-S', '-c', RUN, ctl, 'validate', '-f', folder], capture_output=True, text=True, check=True)
    cpu, rss, status = said.stdout.split()
    return float(cpu), float(rss) / 1024, int(status)


def measure(ctl, name, files, seconds, mib):
    with tempfile.TemporaryDirectory() as folder:
        size = 0
        for file, text in files.items():
            data = text if isinstance(text, bytes) else text.encode()
            size += len(data)
            with open(os.path.join(folder, file), 'wb') as out:
                out.write(data)
        cpu, rss, status = min(run(ctl, folder) for _ in range(RUNS))
    over = (seconds is not None and cpu > seconds) or (mib is not None and rss > mib)
    print(f'{name:<34} {size / MIB:>7.1f} MiB {cpu:>7.3f} s {rss:>7.1f} MiB   exit {status:>3}{"   TOO MUCH" if over else ""}', flush=True)
    return over


def main():
    if len(sys.argv) > 1 and sys.argv[1] in ('-h', '--help'):
        print(__doc__)
        return 0
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
    ctl = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, 'build/release/bin/outriderctl'))
    over = [measure(ctl, name, make(), seconds, mib) for name, make, seconds, mib in LOADS]
    over += [measure(ctl, name, {'a.yaml': make()}, 1, 64) for name, make in HOSTILE.items()]
    return 1 if any(over) else 0


if __name__ == '__main__':
    sys.exit(main())
