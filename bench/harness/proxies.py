"""How each proxy is started.

A proxy is described by a function in PROXIES: (role, lport, uport, uproto, work) -> argv (or None if it cannot do the role).
Roles:  in    mTLS (client certificate verified), ALPN h2+http/1.1  ->  plaintext upstream (uproto h1|h2)
        out   plaintext h1/h2c                                      ->  mTLS upstream, ALPN h2 where the proxy can (uproto)
        plain plaintext                                             ->  plaintext upstream
        l4tls mTLS termination, bytes relayed;   l4  bytes relayed
"""
import os, shutil
B = os.path.dirname(os.path.abspath(__file__)); T = B + '/tools'; C = B + '/certs'

def sub(tmpl, out, **kw):
    s = open(B + '/conf/' + tmpl).read()
    for k, v in kw.items(): s = s.replace('@' + k + '@', str(v))
    open(out, 'w').write(s); return out

def nginx(role, lport, uport, uproto, work):
    tls = f'''ssl_certificate {C}/server.crt; ssl_certificate_key {C}/server.key; ssl_protocols TLSv1.3; ssl_client_certificate {C}/ca.pem; ssl_verify_client on;
    ssl_session_cache off; ssl_session_tickets off; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;'''
    up = ''
    if role == 'in':
        lo, ti = 'ssl http2', tls
        p = 'proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";' if uproto == 'h1' else 'grpc_pass grpc://up;'
    elif role == 'in-h1':
        lo, ti, p = 'ssl', tls, 'proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";'
    elif role == 'plain':   # plaintext port: http2 OR http1 in 1.22
        lo, ti = ('http2' if uproto == 'h2' else ''), ''
        p = 'proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";' if uproto == 'h1' else 'grpc_pass grpc://up;'
    elif role == 'out':
        lo, ti = '', ''
        c = f'''ssl_certificate {C}/client.crt; @_ssl_certificate_key {C}/client.key; @_ssl_trusted_certificate {C}/ca.pem; @_ssl_verify on; @_ssl_name localhost; @_ssl_server_name on; @_ssl_protocols TLSv1.3;'''
        p = ('proxy_' + c.replace('@_', 'proxy_') + ' proxy_pass https://up; proxy_http_version 1.1; proxy_set_header Connection "";')
    else: return None
    user = 'user root;'
    return ['/usr/sbin/nginx', '-c', sub('nginx.conf.in', work + '/nginx.conf', ROLE=role, WORK=work, USER=user, LPORT=lport, UPORT=uport, LISTENOPTS=lo, TLSIN=ti, PASS=p), '-p', work]

def haproxy(role, lport, uport, uproto, work):
    mode, bind, srv = 'http', '', ''
    tls = f'ssl crt {C}/server.pem ca-file {C}/ca.pem verify required no-tls-tickets'
    if role in ('in', 'in-h1'): bind, srv = tls + ' alpn h2,http/1.1', 'proto h2' if uproto == 'h2' else ''
    elif role == 'plain': bind, srv = '', 'proto h2' if uproto == 'h2' else ''
    elif role == 'out':   srv = f'ssl crt {C}/client.pem ca-file {C}/ca.pem verify required sni str(localhost) alpn {"h2" if uproto == "h2" else "http/1.1"}'
    elif role == 'l4tls': mode, bind = 'tcp', tls + ' alpn h2,http/1.1'
    elif role == 'l4':    mode = 'tcp'
    return ['/usr/sbin/haproxy', '-db', '-f', sub('haproxy.cfg.in', work + '/haproxy.cfg', ROLE=role, MODE=mode, LPORT=lport, UPORT=uport, BIND=bind, SRV=srv)]

def nghttpx(role, lport, uport, uproto, work):
    a = ['/usr/sbin/nghttpx', '--conf=/dev/null', '--single-process', '-n1', '--no-ocsp', '-LERROR', '--errorlog-file=' + work + '/error.log', '--accesslog-file=',
         '--tls-min-proto-version=TLSv1.3', '--tls13-ciphers=TLS_AES_128_GCM_SHA256', '--frontend-http2-max-concurrent-streams=256', '--frontend-keep-alive-timeout=1h',
         '--frontend-http2-read-timeout=1h', '--frontend-read-timeout=1h', '--backend-keep-alive-timeout=1h', '--backend-read-timeout=1h', '--no-via']
    fe, be = f'-f127.0.0.1,{lport}', f'-b127.0.0.1,{uport};;proto={"h2" if uproto == "h2" else "http/1.1"}'
    if role in ('in', 'in-h1'): a += [fe, be, '--verify-client', f'--verify-client-cacert={C}/ca.pem', C + '/server.key', C + '/server.crt']
    elif role == 'plain': a += [fe + ';no-tls', be]
    elif role == 'out': a += [fe + ';no-tls', be + ';tls;sni=localhost', f'--client-cert-file={C}/client.crt', f'--client-private-key-file={C}/client.key', f'--cacert={C}/ca.pem']
    else: return None
    return a

def uvrelay(role, lport, uport, uproto, work, variant=None):
    m = variant or {'l4': 'tcp', 'l4tls': 'tlsmem'}.get(role)
    if not m: return None
    return [T + '/uvrelay', m, str(lport), str(uport)] + ([C + '/server.crt', C + '/server.key', C + '/ca.pem'] if m.startswith('tls') else [])

def envoy(role, lport, uport, uproto, work, full=False):
    exe = os.environ.get('ENVOY') or shutil.which('envoy')
    if not exe: return None
    f = sub({'in': 'envoy-in-full.yaml.in' if full else 'envoy-in.yaml.in', 'out': 'envoy-out.yaml.in', 'plain': 'envoy-plain.yaml.in'}.get(role, 'x'), work + '/envoy.yaml', LPORT=lport, UPORT=uport, CERTS=C,
            ALPN='h2' if uproto == 'h2' else 'http/1.1', H2UP='http2_protocol_options: {}' if uproto == 'h2' else 'http_protocol_options: {}') if role in ('in', 'out', 'plain') else None
    return f and [exe, '-c', f, '--concurrency', '1', '-l', 'error', '--disable-hot-restart']

def ours(role, lport, uport, uproto, work, binary=None):
    """Our proxy: OURS_CMD is a command line with {role} {lport} {uport} {uproto} {certs} {work} placeholders. OURS_OTHERS names
    other builds of it, as NAME=BINARY NAME=BINARY."""
    cmd = os.environ.get('OURS_CMD')
    return cmd and (['env', f'OUTRIDER_PROXY={binary}'] if binary else []) + cmd.format(role=role, lport=lport, uport=uport, uproto=uproto, certs=C, work=work).split()

PROXIES = dict(nginx=nginx, haproxy=haproxy, nghttpx=nghttpx, uvrelay=uvrelay, envoy=envoy, envoy_full=lambda *a: envoy(*a, full=True), ours=ours,
               uvrelay_tcpq=lambda *a: uvrelay(*a, variant='tcpq') if a[0] == 'l4' else None,
               uvrelay_tlsfd=lambda *a: uvrelay(*a, variant='tlsfd') if a[0] == 'l4tls' else None)
for other in os.environ.get('OURS_OTHERS', '').split(): PROXIES[other.split('=')[0]] = lambda *a, binary=other.split('=')[1]: ours(*a, binary=binary)
