"""Prints the facts in the table of genai-prices as JSON. Reads it as data: nothing of it is run.

Arguments: the wheel, and the day whose prices are wanted.
"""

import ast
import datetime
import json
import re
import sys
import zipfile

wheel, day = sys.argv[1], datetime.date.fromisoformat(sys.argv[2])
source = zipfile.ZipFile(wheel).read("genai_prices/data.py").decode()
dropped = []


def is_call(node, name):
    return isinstance(node, ast.Call) and ast.unparse(node.func) == name


def arguments(node):
    return {keyword.arg: keyword.value for keyword in node.keywords}


def names(node):
    """A clause about names as a list of names with stars."""
    given = arguments(node)
    kind = ast.unparse(node.func)
    if kind == "ClauseOr":
        return [name for clause in given["or_"].elts for name in names(clause)]
    if kind == "ClauseAnd":
        # What is left out has a name of its own, which wins over a name with a star.
        return names(given["and_"].elts[0])
    if kind == "ClauseRegex":
        return of_pattern(ast.literal_eval(given["regex"]))
    text = ast.literal_eval(next(iter(given.values())))
    return {
        "ClauseEquals": [text],
        "ClauseStartsWith": [text + "*"],
        "ClauseEndsWith": ["*" + text],
        "ClauseContains": ["*" + text + "*"],
    }[kind]


def of_pattern(pattern):
    # A date at the end of a name needs no pattern: it is known to be one.
    bare = re.sub(r"(-|\[-@\])?(\(-)?\\d\{[48]\}(-\\d\{2\}-\\d\{2\})?\)?\??\$$|\$$", "", pattern)
    bare = bare.removeprefix("^").replace("\\", "")
    if re.fullmatch(r"[\w.:/@-]+(\[fast=(true|false)\])?", bare):
        return [bare]
    alternatives = re.fullmatch(r"(\w*)\[(\w+)\](.*)", bare)
    if alternatives and not alternatives[3]:
        return [alternatives[1] + one + "*" for one in alternatives[2]]
    dropped.append(pattern)
    return []


def price(node):
    """A price and the ones above thresholds, as plain numbers."""
    base, above = {}, {}
    for key, value in arguments(node).items():
        if is_call(value, "TieredPrices"):
            given = arguments(value)
            base[key] = given["base"].args[0].value
            for tier in given["tiers"].elts:
                tier = arguments(tier)
                above.setdefault(ast.literal_eval(tier["start"]), {})[key] = tier["price"].args[0].value
        elif is_call(value, "Decimal"):
            base[key] = value.args[0].value
    return {"base": base, "above": above}


def in_force(node):
    """The price of the day. One that depends on the hour is not told."""
    if is_call(node, "ModelPrice"):
        return price(node)
    found = None
    for conditional in node.elts:
        given = arguments(conditional)
        constraint = given.get("constraint")
        if is_call(constraint, "StartDateConstraint"):
            start = arguments(constraint)["start_date"]
            begins = datetime.date(*[ast.literal_eval(part) for part in start.args])
            if begins > day:
                continue
        elif constraint is not None and not (
            isinstance(constraint, ast.Constant) and constraint.value is None
        ):
            continue
        found = price(given["prices"])
    return found


providers = {}
tables = [node for node in ast.parse(source).body if isinstance(node, ast.AnnAssign)]
for node in tables[0].value.elts:
    given = arguments(node)
    models = []
    for model in given["models"].elts:
        known = arguments(model)
        models.append(
            {
                "id": ast.literal_eval(known["id"]),
                "names": names(known["match"]),
                "price": in_force(known["prices"]),
            }
        )
    fallback = given.get("fallback_model_providers")
    providers[ast.literal_eval(given["id"])] = {
        "makes": names(given["model_match"]) if "model_match" in given else [],
        "serves": ast.literal_eval(fallback) if fallback else [],
        "models": models,
    }
json.dump({"providers": providers, "dropped": sorted(set(dropped))}, sys.stdout)
