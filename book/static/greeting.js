// The greeting on the first page: the real SDK and the real function, in a Python of its own.
import { loadPyodide } from "./pyodide/pyodide.mjs";

const names = [];
onmessage = ({ data }) => names.push(data);

const PACKAGES = ["protobuf", "apache-flink-statefun", "statefun-workshop", "flask"];
const GREETER = `
from statefun.request_reply_pb2 import FromFunction, ToFunction
from statefun.kafka_egress_pb2 import KafkaProducerRecord
from greeter.greeter import handler
from greeter.messages_pb2 import GreetRequest, GreetResponse

counts = {}

def greet(name):
    call = ToFunction()
    target = call.invocation.target
    target.namespace, target.type, target.id = "example", "greeter", name
    call.invocation.state.add(state_name="seen_count", state_value=counts.get(name, b""))
    call.invocation.invocations.add().argument.Pack(GreetRequest(name=name))
    request = call.SerializeToString()
    answer = handler(request)
    result = FromFunction.FromString(answer).invocation_result
    counts[name] = result.state_mutations[0].state_value
    record = KafkaProducerRecord()
    result.outgoing_egresses[0].argument.Unpack(record)
    greeting = GreetResponse.FromString(record.value_bytes).greeting
    shown = f"the engine asks, {len(request)} bytes:\\n{call}\\nyour function answers, {len(answer)} bytes:\\n{result}"
    return greeting, shown
greet
`;

postMessage({ progress: 0.05 });
const python = await loadPyodide({ indexURL: new URL("pyodide/", import.meta.url).href });
postMessage({ progress: 0.6 });
await python.loadPackage(PACKAGES, { messageCallback: () => {} });
postMessage({ progress: 0.9 });
const greet = await python.runPythonAsync(GREETER);
const answer = (name) => {
  const [greeting, shown] = greet(name).toJs();
  postMessage({ greeting, shown });
};
onmessage = ({ data }) => answer(data);
if (names.length) names.forEach(answer);
else postMessage({ ready: true });
