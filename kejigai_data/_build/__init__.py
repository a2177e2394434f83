"""What a checkout needs and an installed package does not: environment, generated files."""


def only_help(about: str | None) -> None:
    """Answer ``--help`` and refuse what a command does not take, before it writes anything."""
    import argparse

    argparse.ArgumentParser(description=(about or "").splitlines()[0]).parse_args()
