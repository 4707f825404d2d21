/** Writes messages of Sparkplug B with an implementation of protobuf that is not the one that Vigía reads them with. */
import protobuf from 'protobufjs';

/** The part of the specification's schema that devices use, in the words of protobuf. */
const SCHEMA = `
syntax = "proto2";
message Payload {
  message Value { optional uint32 type = 1; optional bool is_null = 2; optional string string_value = 8; }
  message PropertySet { repeated string keys = 1; repeated Value values = 2; }
  message DataSet { optional uint64 num_of_columns = 1; repeated string columns = 2; }
  message MetaData { optional string content_type = 2; optional string description = 8; }
  message Metric {
    optional string name = 1;
    optional uint64 alias = 2;
    optional uint64 timestamp = 3;
    optional uint32 datatype = 4;
    optional bool is_historical = 5;
    optional bool is_transient = 6;
    optional bool is_null = 7;
    optional MetaData metadata = 8;
    optional PropertySet properties = 9;
    oneof value {
      uint32 int_value = 10; uint64 long_value = 11; float float_value = 12; double double_value = 13;
      bool boolean_value = 14; string string_value = 15; bytes bytes_value = 16; DataSet dataset_value = 17;
    }
  }
  optional uint64 timestamp = 1;
  repeated Metric metrics = 2;
  optional uint64 seq = 3;
  optional string uuid = 4;
}`;

const Payload = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('Payload');

/** Fields as the schema names them. */
export function sparkplugBytes(payload: Readonly<Record<string, unknown>>): Buffer {
  const problem = Payload.verify(payload);
  if (problem) throw new Error(problem);
  return Buffer.from(Payload.encode(Payload.create(payload)).finish());
}
