"""What every table of settings is."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of settings. A key that does not exist is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
