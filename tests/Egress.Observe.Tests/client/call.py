#!/usr/bin/python3
"""Calls one method of a gRPC server, knowing of it only what its reflection says, and prints what came.

A line of JSON for each message: {"message": ...}; then one for the end: {"status": ..., "details": ..., "headers": ...}.
It exists to hold the server against a client that was written elsewhere.
"""
import argparse
import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data):
    """(number, value) of each length-delimited or varint field."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            size, at = varint(data, at)
            value = data[at:at + size]
            at += size
        yield key >> 3, value


def reflect(channel, version, number, text):
    """One question to the server's reflection; (number, body) of the answer's fields."""
    body = text.encode()
    ask = channel.stream_stream(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo")
    request = bytes([number << 3 | 2, len(body)]) + body
    return dict(fields(next(iter(ask(iter([request]))))))


def services(channel, version):
    answer = reflect(channel, version, 7, "*")
    return [dict(fields(value))[1].decode() for number, value in fields(answer[6]) if number == 1]


def load(channel, version, symbol):
    answer = reflect(channel, version, 4, symbol)
    if 4 not in answer:
        raise SystemExit(f"reflection does not know {symbol}: {dict(fields(answer[7]))}")
    files = [descriptor_pb2.FileDescriptorProto.FromString(value) for number, value in fields(answer[4]) if number == 1]
    pool = descriptor_pool.DescriptorPool()
    known = {file.name: file for file in files}
    added = set()

    def add(name):
        if name not in added:
            added.add(name)
            for needed in known[name].dependency:
                add(needed)
            pool.Add(known[name])

    for file in files:
        add(file.name)
    return pool


def connect(args):
    options = [("grpc.max_receive_message_length", 64 << 20)]
    if args.window:
        options.append(("grpc.http2.lookahead_bytes", args.window))
    if not args.ca:
        return grpc.insecure_channel(args.target, options=options)
    read = lambda path: open(path, "rb").read() if path else None
    credentials = grpc.ssl_channel_credentials(read(args.ca), read(args.key), read(args.cert))
    return grpc.secure_channel(args.target, credentials, options=options + [("grpc.ssl_target_name_override", args.name)])


def call(channel, args):
    service, method = args.method.rsplit("/", 1)
    if args.raw is not None:
        function = channel.unary_stream(f"/{service}/{method}")
        return function(bytes.fromhex(args.raw), timeout=args.timeout), lambda data: data.hex()
    pool = load(channel, args.version, service)
    described = pool.FindServiceByName(service).methods_by_name[method]
    factory = message_factory.MessageFactory(pool)
    request = factory.GetPrototype(described.input_type)()
    json_format.Parse(args.request, request, descriptor_pool=pool)
    if args.mask:
        request.field_mask.paths.extend(args.mask.split(","))
    response = factory.GetPrototype(described.output_type)
    function = channel.unary_stream(f"/{service}/{method}", request_serializer=type(request).SerializeToString, response_deserializer=response.FromString)
    compression = grpc.Compression.Gzip if args.gzip else None
    show = lambda message: json_format.MessageToDict(message, preserving_proto_field_name=True, descriptor_pool=pool)
    return function(request, timeout=args.timeout, compression=compression), show


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("method", help="as observer.Observer/GetFlows, or 'services'")
    parser.add_argument("request", nargs="?", default="{}")
    parser.add_argument("--version", default="v1", help="of the reflection")
    parser.add_argument("--timeout", type=float, default=None)
    parser.add_argument("--cancel-after", type=int, default=0, help="so many messages")
    parser.add_argument("--raw", default=None, help="these bytes as the request, in hexadecimal")
    parser.add_argument("--mask", help="paths of field_mask, for which JSON has no way to write capitals")
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--window", type=int, default=0)
    parser.add_argument("--ca")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--name", default="localhost")
    args = parser.parse_args()

    def say(what):
        print(json.dumps(what), flush=True)

    with connect(args) as channel:
        if args.method == "services":
            say({"message": services(channel, args.version)})
            return
        running, show = call(channel, args)
        try:
            for count, message in enumerate(running, start=1):
                say({"message": show(message)})
                if count == args.cancel_after:
                    running.cancel()
            say({"status": running.code().name, "details": running.details(), "headers": dict(running.initial_metadata())})
        except grpc.RpcError as error:
            say({"status": error.code().name, "details": error.details(), "headers": dict(error.initial_metadata() or [])})


if __name__ == "__main__":
    sys.exit(main())
