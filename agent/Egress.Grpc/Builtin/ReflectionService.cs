using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Egress.Grpc.Protos.Reflection;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Request = Egress.Grpc.Protos.Reflection.ServerReflectionRequest;
using Response = Egress.Grpc.Protos.Reflection.ServerReflectionResponse;

namespace Egress.Grpc.Builtin;

/// <summary>grpc.reflection.v1 and v1alpha, whose messages are the same on the wire. Immutable.</summary>
internal sealed class ReflectionService
{
    private const int NotFound = (int)GrpcCode.NotFound;

    private readonly Dictionary<string, FileDescriptor> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _symbols = new(StringComparer.Ordinal);
    private readonly string[] _services;

    public ReflectionService(IEnumerable<GrpcService> services)
    {
        ServiceDescriptor[] descriptors = [.. services.Select(service => service.Descriptor), .. Own.Select(service => service.Descriptor)];
        _services = [.. descriptors.Select(descriptor => descriptor.FullName).Order(StringComparer.Ordinal)];
        foreach (ServiceDescriptor descriptor in descriptors)
        {
            Add(descriptor.File);
        }
    }

    /// <summary>Both versions.</summary>
    public GrpcService[] Services => [.. Own.Select(own => own.Duplex<Request, Response>("ServerReflectionInfo", Request.Parser, AnswerAsync))];

    private static GrpcService[] Own => [new(ReflectionReflection.Descriptor.Services.Single()), new(AlphaFile.Services.Single())];

    private static FileDescriptor AlphaFile => Protos.ReflectionAlpha.ReflectionReflection.Descriptor;

    private async Task AnswerAsync(GrpcSource<Request> requests, GrpcStream<Response> responses, GrpcCall call)
    {
        while (await requests.NextAsync().ConfigureAwait(false) is { } request)
        {
            Response response = Answer(request);
            response.ValidHost = request.Host;
            response.OriginalRequest = request;
            await responses.WriteAsync(response).ConfigureAwait(false);
            await responses.FlushAsync().ConfigureAwait(false);
        }
    }

    private Response Answer(Request request) => request.MessageRequestCase switch
    {
        Request.MessageRequestOneofCase.ListServices => new()
        {
            ListServicesResponse = new() { Service = { _services.Select(name => new Protos.Reflection.ServiceResponse { Name = name }) } },
        },
        Request.MessageRequestOneofCase.FileByFilename => File(_files.GetValueOrDefault(request.FileByFilename), request.FileByFilename),
        Request.MessageRequestOneofCase.FileContainingSymbol => File(_symbols.GetValueOrDefault(request.FileContainingSymbol), request.FileContainingSymbol),
        Request.MessageRequestOneofCase.AllExtensionNumbersOfType => new()
        {
            AllExtensionNumbersResponse = new() { BaseTypeName = request.AllExtensionNumbersOfType },
        },
        _ => Error(NotFound, "there are no extensions"),
    };

    // The file with all that it imports: clients need each, and need not ask again.
    private static Response File(FileDescriptor? file, string what)
    {
        if (file is null)
        {
            return Error(NotFound, $"{what} is not known");
        }

        List<ByteString> all = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        Collect(file);
        return new() { FileDescriptorResponse = new() { FileDescriptorProto = { all } } };

        void Collect(FileDescriptor one)
        {
            if (seen.Add(one.Name))
            {
                all.Add(one.SerializedData);
                foreach (FileDescriptor imported in one.Dependencies)
                {
                    Collect(imported);
                }
            }
        }
    }

    private static Response Error(int code, string message) => new() { ErrorResponse = new() { ErrorCode = code, ErrorMessage = message } };

    private void Add(FileDescriptor file)
    {
        if (!_files.TryAdd(file.Name, file))
        {
            return;
        }

        foreach (ServiceDescriptor service in file.Services)
        {
            _symbols[service.FullName] = file;
            foreach (MethodDescriptor method in service.Methods)
            {
                _symbols[method.FullName] = file;
            }
        }

        foreach (EnumDescriptor type in file.EnumTypes)
        {
            _symbols[type.FullName] = file;
        }

        foreach (MessageDescriptor type in file.MessageTypes)
        {
            Add(type, file);
        }

        foreach (FileDescriptor imported in file.Dependencies)
        {
            Add(imported);
        }
    }

    private void Add(MessageDescriptor type, FileDescriptor file)
    {
        _symbols[type.FullName] = file;
        foreach (EnumDescriptor nested in type.EnumTypes)
        {
            _symbols[nested.FullName] = file;
        }

        foreach (MessageDescriptor nested in type.NestedTypes)
        {
            Add(nested, file);
        }
    }
}
