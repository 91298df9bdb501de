"""The command line from a checkout, `python cli.py`: the same program as the installed `synner`."""

from synner_graph.cli import app

if __name__ == "__main__":
    app()
