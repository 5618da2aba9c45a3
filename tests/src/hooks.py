"""What schemathesis does not send as it is: bodies that are not UTF-8 and headers that are not ASCII.

cargo-lambda's emulator answers those itself, with a 500 of its own. API Gateway hands such bodies over in base64, and
tests/tests/api/hostile_input.rs has them.
"""

import schemathesis


@schemathesis.hook
def map_case(context, case):
    if isinstance(case.body, bytes):
        case.body = case.body.decode("latin-1").encode()
    for name, value in (case.headers or {}).items():
        if isinstance(value, str):
            case.headers[name] = value.encode("ascii", "replace").decode()
    return case
