"""The command line: thin Typer commands over plain functions."""

from synner_graph.cli.app import app
from synner_graph.cli.bench import bench
from synner_graph.cli.calibrate import calibrate
from synner_graph.cli.combine import Combine, combine
from synner_graph.cli.compare import compare
from synner_graph.cli.data import app as data
from synner_graph.cli.evaluate import evaluate
from synner_graph.cli.gnn import commands as gnn
from synner_graph.cli.kernels import kernels
from synner_graph.cli.parse import parse
from synner_graph.cli.parts import commands as parts
from synner_graph.cli.predict import predict
from synner_graph.cli.publish import package, push
from synner_graph.cli.recipes import app as recipes
from synner_graph.cli.serve import demo, serve
from synner_graph.cli.study import study
from synner_graph.cli.suggest import suggest
from synner_graph.cli.sweep import sweep
from synner_graph.cli.train import train
from synner_graph.cli.visualize import visualize

__all__ = ["app"]

app.command("train", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
    train
)
app.command("eval")(evaluate)
app.command("predict")(predict)
app.command("suggest")(suggest)
app.command("compare")(compare)
app.command("combine", cls=Combine)(combine)
app.command("serve")(serve)
app.command("demo")(demo)
app.command("parse")(parse)
app.command("package")(package)
app.command("push")(push)
app.command("study")(study)
app.command("sweep", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
    sweep
)
app.command("calibrate")(calibrate)
app.command("visualize")(visualize)
app.add_typer(data, name="data")
app.add_typer(gnn, name="gnn")
app.add_typer(parts, name="parts")
app.add_typer(recipes, name="recipes")
app.command("kernels")(kernels)
app.add_typer(bench, name="bench")
