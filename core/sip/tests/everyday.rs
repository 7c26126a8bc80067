//! Messages as they go over the wire every day: phones, soft phones, carriers, exchanges.

/// All of them, by name, with line ends and lengths as they must be.
pub(crate) fn messages() -> Vec<(&'static str, Vec<u8>)> {
    PLAIN.iter().map(|(name, head, body)| (*name, wire(head, body))).collect()
}

/// One of them.
pub(crate) fn message(name: &str) -> Vec<u8> {
    let (_, head, body) = PLAIN.iter().find(|(known, ..)| *known == name).unwrap();
    wire(head, body)
}

fn wire(head: &str, body: &str) -> Vec<u8> {
    let body = body.trim_start().replace('\n', "\r\n");
    let head = head.trim().replace('\n', "\r\n");
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

const SDP: &str = "
v=0
o=- 3884 3884 IN IP4 192.168.1.20
s=call
c=IN IP4 192.168.1.20
t=0 0
m=audio 7078 RTP/AVP 96 8 0 101
a=rtpmap:96 opus/48000/2
a=rtpmap:101 telephone-event/8000
a=sendrecv
";

const PLAIN: &[(&str, &str, &str)] = &[
    ("invite", "
INVITE sip:1002@pbx.example.com SIP/2.0
Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK.7Hk2-QmYl;rport
From: \"Alice Müller\" <sip:1001@pbx.example.com>;tag=kX9-3vDqy
To: <sip:1002@pbx.example.com>
CSeq: 20 INVITE
Call-ID: 9Qf3cH-1aZ
Max-Forwards: 70
Supported: replaces, outbound, gruu, path
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO, PRACK, UPDATE
Content-Type: application/sdp
Contact: <sip:1001@192.168.1.20:5060;transport=udp>;+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\"
User-Agent: Softphone/5.2 (Desk)
", SDP),
    ("invite-from-carrier", "
INVITE sip:+49301234567@203.0.113.5:5060;user=phone SIP/2.0
Record-Route: <sip:198.51.100.1;lr;ftag=gK0c5a>,<sip:198.51.100.2;lr=on;did=a1.b2>
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKd0f1.3a;i=1,SIP/2.0/TCP 10.0.0.9:5060;branch=z9hG4bK0cB5;received=10.0.0.10;rport=41522
From: <sip:+4915112345678@carrier.example.net;user=phone>;tag=gK0c5a
To: <sip:+49301234567@203.0.113.5;user=phone>
Call-ID: 1947120_88213@10.0.0.9
CSeq: 821 INVITE
Max-Forwards: 66
Contact: <sip:+4915112345678@10.0.0.9:5060;tgrp=T-7;trunk-context=carrier.example.net>
P-Asserted-Identity: <sip:+4915112345678@carrier.example.net>, <tel:+4915112345678>
P-Charging-Vector: icid-value=\"a1;b=2\";icid-generated-at=10.0.0.9
Privacy: none
Session-Expires: 1800;refresher=uac
Min-SE: 90
Supported: 100rel,timer,histinfo
History-Info: <sip:+49301234567@203.0.113.5?Reason=SIP%3Bcause%3D302>;index=1
Content-Disposition: session;handling=required
Content-Type: application/sdp
", SDP),
    ("invite-over-websocket", "
INVITE sip:bob@example.com SIP/2.0
Via: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks
Max-Forwards: 69
To: <sip:bob@example.com>
From: \"\" <sip:alice@example.com>;tag=asdyka899
Call-ID: asidkj3ss
CSeq: 1 INVITE
Contact: <sip:jc4o9k2v@df7jal23ls0d.invalid;transport=ws;ob>
Supported: outbound
Content-Type: application/sdp
", SDP),
    ("trying", "
SIP/2.0 100 Trying
Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK.7Hk2-QmYl;received=203.0.113.9;rport=50211
From: \"Alice Müller\" <sip:1001@pbx.example.com>;tag=kX9-3vDqy
To: <sip:1002@pbx.example.com>
Call-ID: 9Qf3cH-1aZ
CSeq: 20 INVITE
", ""),
    ("ringing-reliably", "
SIP/2.0 180 Ringing
Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK.7Hk2-QmYl;rport=50211;received=203.0.113.9
f: \"Alice Müller\" <sip:1001@pbx.example.com>;tag=kX9-3vDqy
t: <sip:1002@pbx.example.com>;tag=as58f4201b
i: 9Qf3cH-1aZ
CSeq: 20 INVITE
Require: 100rel
RSeq: 7
m: <sip:1002@203.0.113.5:5060>
", ""),
    ("ok", "
SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK.7Hk2-QmYl;rport=50211;received=203.0.113.9
Record-Route: <sip:203.0.113.1;lr>
From: \"Alice Müller\" <sip:1001@pbx.example.com>;tag=kX9-3vDqy
To: <sip:1002@pbx.example.com>;tag=as58f4201b
Call-ID: 9Qf3cH-1aZ
CSeq: 20 INVITE
Contact: \"Bob\" <sip:1002@203.0.113.5:5060>
Server: PBX
Content-Type: application/sdp
", SDP),
    ("ack", "
ACK sip:1002@203.0.113.5:5060 SIP/2.0
Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK.n5gq;rport
Route: <sip:203.0.113.1;lr>
From: \"Alice Müller\" <sip:1001@pbx.example.com>;tag=kX9-3vDqy
To: <sip:1002@pbx.example.com>;tag=as58f4201b
Call-ID: 9Qf3cH-1aZ
CSeq: 20 ACK
Max-Forwards: 70
", ""),
    ("prack", "
PRACK sip:1002@203.0.113.5:5060 SIP/2.0
Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK.pr1;rport
From: \"Alice Müller\" <sip:1001@pbx.example.com>;tag=kX9-3vDqy
To: <sip:1002@pbx.example.com>;tag=as58f4201b
Call-ID: 9Qf3cH-1aZ
CSeq: 21 PRACK
RAck: 7 20 INVITE
Max-Forwards: 70
", ""),
    ("bye", "
BYE sip:1001@192.168.1.20:5060;transport=udp SIP/2.0
Via: SIP/2.0/UDP 203.0.113.5:5060;branch=z9hG4bK2f1d8c
From: <sip:1002@pbx.example.com>;tag=as58f4201b
To: \"Alice Müller\" <sip:1001@pbx.example.com>;tag=kX9-3vDqy
Call-ID: 9Qf3cH-1aZ
CSeq: 102 BYE
Reason: Q.850;cause=16;text=\"Normal call clearing\"
Max-Forwards: 70
", ""),
    ("cancel", "
CANCEL sip:1002@pbx.example.com SIP/2.0
Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK.7Hk2-QmYl;rport
From: \"Alice Müller\" <sip:1001@pbx.example.com>;tag=kX9-3vDqy
To: <sip:1002@pbx.example.com>
Call-ID: 9Qf3cH-1aZ
CSeq: 20 CANCEL
Max-Forwards: 70
", ""),
    ("busy", "
SIP/2.0 486 Busy Here
Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK.7Hk2-QmYl;rport=50211;received=203.0.113.9
From: \"Alice Müller\" <sip:1001@pbx.example.com>;tag=kX9-3vDqy
To: <sip:1002@pbx.example.com>;tag=as58f4201b
Call-ID: 9Qf3cH-1aZ
CSeq: 20 INVITE
Retry-After: 30 (at lunch)
", ""),
    ("moved", "
SIP/2.0 302 Moved Temporarily
v: SIP/2.0/TLS proxy.example.com:5061;branch=z9hG4bKmv
From: <sips:carol@example.com>;tag=1
To: <sips:dave@example.com>;tag=2
Call-ID: m1@example.com
CSeq: 3 INVITE
Contact: <sips:dave@home.example.com>;q=0.7;expires=60, \"Dave, mobile\" <tel:+1-201-555-0123>;q=0.3
", ""),
    ("register", "
REGISTER sip:pbx.example.com SIP/2.0
Via: SIP/2.0/TLS 192.168.1.20:5061;branch=z9hG4bK.reg1;rport;alias
From: <sip:1001@pbx.example.com>;tag=r-77a
To: <sip:1001@pbx.example.com>
Call-ID: reg-5a5a5a@192.168.1.20
CSeq: 4712 REGISTER
Max-Forwards: 70
Contact: <sip:1001@192.168.1.20:5061;transport=tls;ob>;reg-id=1;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\"
Expires: 600
Supported: path, outbound
Authorization: Digest username=\"1001\", realm=\"pbx.example.com\", nonce=\"4f1d8a\", uri=\"sip:pbx.example.com\", response=\"6629fae49393a05397450978507c4ef1\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"0a4f113b\"
", ""),
    ("unauthorized", "
SIP/2.0 401 Unauthorized
Via: SIP/2.0/TLS 192.168.1.20:5061;branch=z9hG4bK.reg1;rport=50213;received=203.0.113.9;alias
From: <sip:1001@pbx.example.com>;tag=r-77a
To: <sip:1001@pbx.example.com>;tag=as1
Call-ID: reg-5a5a5a@192.168.1.20
CSeq: 4712 REGISTER
WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"4f1d8b\", algorithm=SHA-256, qop=\"auth\", stale=true
WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"4f1d8b\", algorithm=MD5, qop=\"auth,auth-int\"
", ""),
    ("registered", "
SIP/2.0 200 OK
Via: SIP/2.0/TLS 192.168.1.20:5061;branch=z9hG4bK.reg2;rport=50213;received=203.0.113.9
From: <sip:1001@pbx.example.com>;tag=r-77a
To: <sip:1001@pbx.example.com>;tag=as1
Call-ID: reg-5a5a5a@192.168.1.20
CSeq: 4713 REGISTER
Path: <sip:edge.example.com;lr>
Contact: <sip:1001@192.168.1.20:5061;transport=tls;ob>;expires=600,<sip:1001@192.168.1.21>;expires=42
Date: Sat, 13 Nov 2010 23:29:00 GMT
", ""),
    ("unregister-all", "
REGISTER sip:pbx.example.com SIP/2.0
Via: SIP/2.0/UDP 192.168.1.20;branch=z9hG4bK.reg3
From: <sip:1001@pbx.example.com>;tag=r-77a
To: <sip:1001@pbx.example.com>
Call-ID: reg-5a5a5a@192.168.1.20
CSeq: 4714 REGISTER
Contact: *
Expires: 0
Max-Forwards: 70
", ""),
    ("options", "
OPTIONS sip:203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP [2001:db8::20]:5060;branch=z9hG4bK-ping-1;rport
From: sip:ping@[2001:db8::20];tag=p1
To: sip:203.0.113.5
Call-ID: ping-1
CSeq: 1 OPTIONS
Contact: <sip:ping@[2001:db8::20]:5060>
Accept: application/sdp
Max-Forwards: 0
", ""),
    ("refer", "
REFER sip:1002@203.0.113.5:5060 SIP/2.0
Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK.ref;rport
From: <sip:1001@pbx.example.com>;tag=kX9-3vDqy
To: <sip:1002@pbx.example.com>;tag=as58f4201b
Call-ID: 9Qf3cH-1aZ
CSeq: 22 REFER
Contact: <sip:1001@192.168.1.20:5060>
r: <sip:1003@pbx.example.com?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994>
b: <sip:1001@pbx.example.com>
Max-Forwards: 70
", ""),
    ("notify", "
NOTIFY sip:1001@192.168.1.20:5060 SIP/2.0
Via: SIP/2.0/UDP 203.0.113.5:5060;branch=z9hG4bKntf
From: <sip:1002@pbx.example.com>;tag=as58f4201b
To: <sip:1001@pbx.example.com>;tag=kX9-3vDqy
Call-ID: 9Qf3cH-1aZ
CSeq: 103 NOTIFY
o: refer;id=22
Subscription-State: terminated;reason=noresource
Max-Forwards: 70
Contact: <sip:1002@203.0.113.5:5060>
c: message/sipfrag;version=2.0
", "SIP/2.0 200 OK\n"),
    ("subscribe", "
SUBSCRIBE sip:1002@pbx.example.com SIP/2.0
Via: SIP/2.0/TCP 192.168.1.20:40123;branch=z9hG4bK.sub;rport
From: <sip:1001@pbx.example.com>;tag=s1
To: <sip:1002@pbx.example.com>
Call-ID: sub-1
CSeq: 1 SUBSCRIBE
Contact: <sip:1001@192.168.1.20:40123;transport=tcp>
Event: dialog
Expires: 3600
Accept: application/dialog-info+xml
Max-Forwards: 70
", ""),
    ("info", "
INFO sip:1002@203.0.113.5:5060 SIP/2.0
Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK.inf;rport
From: <sip:1001@pbx.example.com>;tag=kX9-3vDqy
To: <sip:1002@pbx.example.com>;tag=as58f4201b
Call-ID: 9Qf3cH-1aZ
CSeq: 23 INFO
Max-Forwards: 70
Content-Type: application/dtmf-relay
", "Signal=5\nDuration=160\n"),
    ("update", "
UPDATE sip:john.doe@203.0.113.5:5060 SIP/2.0
Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK.upd;rport
From: <sip:1001@pbx.example.com>;tag=kX9-3vDqy
To: <sip:john.doe@pbx.example.com>;tag=as58f4201b
Call-ID: 9Qf3cH-1aZ
CSeq: 24 UPDATE
Contact: <sip:1001@192.168.1.20:5060>
x: 1800;refresher=uac
k: timer
Max-Forwards: 70
", ""),
    ("message", "
MESSAGE tel:+358-555-1234567;phone-context=example.com SIP/2.0
Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK.msg;rport
From: Alice the 2nd <sip:1001@pbx.example.com>;tag=m1
To: <tel:+358-555-1234567>
Call-ID: msg-1
CSeq: 1 MESSAGE
Max-Forwards: 70
Content-Type: text/plain;charset=UTF-8
", "Grüße\n"),
];
