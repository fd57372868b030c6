"""YAML in which every scalar is text.

YAML's own guesses are traps in files about networks: `22:30` becomes 1350, `010` becomes 8, `on` becomes true and a
time loses its nanoseconds. Here each reader decides what its text means. Equal keys in one mapping are refused.
"""

import yaml


class YamlUnreadable(ValueError):
    """Text that is not YAML, or that has a key twice. One line."""


def parse_yaml(text: str) -> object:
    """The value of a YAML text: dicts, lists and texts alone, a blank one for no value. Raises YamlUnreadable."""
    try:
        value: object = yaml.load(text, Loader=_TextLoader)  # noqa: S506  a BaseLoader makes texts, lists and dicts alone
    except yaml.MarkedYAMLError as error:
        where = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise YamlUnreadable(f"not YAML: {error.problem}{where}") from None
    except yaml.YAMLError as error:
        raise YamlUnreadable(f"not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise YamlUnreadable("not YAML that can be read: nested too deeply") from None
    return value


class _TextLoader(yaml.BaseLoader):
    """Texts, lists and mappings with text keys, each key once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        """A mapping. Raises when a key is not a text or stands twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key is not a text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)
