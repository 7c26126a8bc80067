"""Holds the files of deploy/ to one another: run by check.sh.

- JSON and YAML are well formed (YAML only where PyYAML is installed).
- Dashboard and alerts ask for metrics and labels of metrics.txt alone, and every metric is shown somewhere.
- docker-compose.yml publishes nothing beyond loopback and has no password of its own.
"""

import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

# Made by Prometheus itself for each scrape.
FROM_PROMETHEUS = {"up": set(), "scrape_duration_seconds": set()}
# Put on by Prometheus, or part of a histogram.
LABELS_FOR_ALL = {"job", "instance", "le"}
WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}
GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")

faults = []


def fault(where, what):
    faults.append(f"{where}: {what}")


def known_metrics():
    """metrics.txt as name → labels; a histogram under the three names that it is exported by."""
    known = {}
    for number, line in enumerate((HERE / "metrics.txt").read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("|")]
        if len(fields) != 4 or fields[1] not in {"gauge", "counter", "histogram"} or not fields[3]:
            fault(f"deploy/metrics.txt:{number}", "not `name | gauge, counter or histogram | labels | what it counts`")
            continue
        name, kind, labels, _ = fields
        if (kind == "counter") != name.endswith("_total"):
            fault(f"deploy/metrics.txt:{number}", "a counter ends in _total, and nothing else does")
        names = [name + part for part in ("_bucket", "_sum", "_count")] if kind == "histogram" else [name]
        for exported in names:
            known[exported] = set(labels.split())
    return known


def names_in(query):
    """The metrics and the labels that a PromQL query names."""
    query = re.sub(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'', '""', query)
    query = re.sub(r"\[[^\]]*\]", "", query)
    labels = set()
    for selector in re.findall(r"\{([^}]*)\}", query):
        labels |= set(re.findall(r"([A-Za-z_]\w*)\s*(?:=~|!~|!=|=)", selector))
    query = re.sub(r"\{[^}]*\}", "", query)
    for _, listed in GROUPING.findall(query):
        labels |= set(re.findall(r"[A-Za-z_]\w*", listed))
    query = GROUPING.sub(" ", query)
    query = re.sub(r"\boffset\s+\d\w*", " ", query)
    metrics = {
        word
        for word in re.findall(r"\b[A-Za-z_:][\w:]*\b(?!\s*\()", query)
        if word.lower() not in WORDS
    }
    return metrics, labels


def check_query(where, query, known, used):
    metrics, labels = names_in(query)
    if not metrics:
        fault(where, f"names no metric: {query}")
    allowed = set(LABELS_FOR_ALL)
    for metric in sorted(metrics):
        if metric in known:
            used.add(metric)
            allowed |= known[metric]
        elif metric not in FROM_PROMETHEUS:
            fault(where, f"no such metric: {metric}")
    for label in sorted(labels - allowed):
        fault(where, f"no such label: {label}")


def check_dashboard(path, known, used):
    where = path.relative_to(ROOT)
    try:
        board = json.loads(path.read_text())
    except ValueError as error:
        return fault(where, error)
    ids = [panel["id"] for panel in board["panels"]]
    if len(ids) != len(set(ids)):
        fault(where, "two panels with one id")
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            check_query(f"{where}, panel {panel['title']!r}", target["expr"], known, used)
    for variable in board["templating"]["list"]:
        asked = re.fullmatch(r"label_values\((\w+),\s*(\w+)\)", variable["definition"])
        if not asked or asked[1] not in known or asked[2] not in known[asked[1]] | LABELS_FOR_ALL:
            fault(f"{where}, variable {variable['name']!r}", f"unknown: {variable['definition']}")
    rows = [panel["title"] for panel in board["panels"] if panel["type"] == "row"]
    wanted = ["Calls", "Registrations & security", "Signalling", "Media", "Dialplans", "Store", "Process", "Names and encryption", "Trunks", "Voicemail"]
    if rows != wanted:
        fault(where, f"rows are {rows}, not {wanted}")


def check_alerts(path, alerts, known, used):
    where = path.relative_to(ROOT)
    for group in alerts["groups"]:
        for rule in group["rules"]:
            name = f"{where}, {rule['alert']}"
            check_query(name, rule["expr"], known, used)
            if "severity" not in rule.get("labels", {}) or "summary" not in rule.get("annotations", {}):
                fault(name, "needs a severity and a summary")


def check_compose(path, compose):
    where = path.relative_to(ROOT)
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            if not str(port).startswith(("127.0.0.1:", "[::1]:")):
                fault(where, f"{name} publishes {port} beyond loopback")
        image = service.get("image", "")
        if ":" not in image or image.endswith(":latest"):
            fault(where, f"{name} has no fixed image: {image!r}")
        for key, value in (service.get("environment") or {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|URL", key) and not re.search(r"\$\{\w+:\?", str(value)):
                fault(where, f"{name}: {key} must come from the environment and be refused when unset")
    server = compose["services"]["strowger"]
    if server.get("privileged") or server.get("user") in {"root", "0"}:
        fault(where, "strowger runs as an ordinary user")


def main():
    known, used = known_metrics(), set()
    for path in sorted((HERE / "grafana" / "dashboards").glob("*.json")):
        check_dashboard(path, known, used)
    try:
        import yaml
    except ImportError:
        print("skipped  YAML (no PyYAML: apt-get install python3-yaml)")
        yaml = None
    if yaml:
        documents = {}
        for path in [ROOT / "docker-compose.yml", *sorted(HERE.rglob("*.yml"))]:
            try:
                documents[path] = yaml.safe_load(path.read_text())
            except yaml.YAMLError as error:
                fault(path.relative_to(ROOT), error)
        alerts, compose = HERE / "alerts.yml", ROOT / "docker-compose.yml"
        if alerts in documents:
            check_alerts(alerts, documents[alerts], known, set())
        if compose in documents:
            check_compose(compose, documents[compose])
    for metric in sorted(set(known) - used):
        fault("deploy/grafana/dashboards", f"{metric} is shown nowhere")
    for line in faults:
        print(f"FAILED   {line}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
