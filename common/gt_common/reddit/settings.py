"""The user's own Reddit credentials: `GT_REDDIT_…` from the environment or `.env`."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator

from gt_common.dotenv import check_dotenv
from gt_common.errors import CredentialsRefusedError, UsageError
from gt_common.redaction import hide
from gt_common.secret_files import VariableSettings
from gt_common.settings import Duration

WEBSITE = "https://www.reddit.com"
API = "https://oauth.reddit.com"
APPS = "https://www.reddit.com/prefs/apps"
HOW_TO = (
    f"take them from an app of type 'script' ({APPS}; since November 2025 Reddit approves new API apps "
    "by hand, see https://support.reddithelp.com/hc/en-us/articles/42728983564564)"
)
WITHOUT_APP = "story files (.md, .txt) and posts saved as .json need no app"


def default_user_agent() -> str:
    """Return this program's name as Reddit wants it (github.com/reddit-archive/reddit/wiki/API)."""
    return f"{sys.platform}:gossiptoon-batch:{version('gt-common')}"


class RedditSettings(VariableSettings):
    """Settings for Reddit; each is read from the variable `GT_REDDIT_<NAME>`.

    Parameters:
        client_id, client_secret: of the user's app at https://www.reddit.com/prefs/apps
        user_agent: name of the program; Reddit refuses vague ones
        url: server to use instead of both Reddit hosts, such as a proxy
        timeout: seconds to wait for one answer
        patience: seconds to wait in total when Reddit reports too many requests
    """

    PREFIX = "GT_REDDIT_"

    client_id: str | None = None
    client_secret: SecretStr | None = None
    user_agent: str = Field(default_factory=default_user_agent, min_length=7, max_length=256)
    url: str | None = None
    timeout: Duration = Field(default=20.0, gt=0)
    patience: Duration = Field(default=60.0)

    @field_validator("user_agent")
    @classmethod
    def _one_line(cls, text: str) -> str:
        if not text.isprintable() or not text.isascii():
            raise ValueError("a user agent is one line of ASCII, such as linux:my-app:1.0 (by /u/name)")
        return text

    @field_validator("url")
    @classmethod
    def _http(cls, text: str | None) -> str | None:
        if text is None:
            return None
        parts = urlsplit(text)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("write https://HOST, or http://127.0.0.1:PORT for a local one")
        return text.rstrip("/")

    @property
    def website(self) -> str:
        """Base URL for tokens and share links, without a trailing slash."""
        return self.url or WEBSITE

    @property
    def api(self) -> str:
        """Base URL for posts, with a trailing slash."""
        return f"{self.url or API}/"

    def credentials(self) -> tuple[str, str]:
        """Return the app's id and secret; not for logs.

        Raises:
            CredentialsRefusedError: one is missing; the message names it
        """
        given = {"GT_REDDIT_CLIENT_ID": self.client_id, "GT_REDDIT_CLIENT_SECRET": self.client_secret}
        missing = " and ".join(name for name, value in given.items() if value is None)
        if self.client_id is None or self.client_secret is None:
            raise CredentialsRefusedError(
                f"Reddit credentials are missing: set {missing}; {HOW_TO}; {WITHOUT_APP}"
            )
        return self.client_id, self.client_secret.get_secret_value()


def load_reddit_settings(**given: object) -> RedditSettings:
    """Load the settings; given values take precedence, None is ignored.

    Raises:
        UsageError: a value is invalid; the message names the variable
    """
    check_dotenv()
    try:
        settings = RedditSettings(**{k: v for k, v in given.items() if v is not None})
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        name = "GT_REDDIT_" + "_".join(str(part) for part in problem["loc"][:1]).upper()
        text = re.sub(r"^Value error, ", "", problem["msg"])
        raise UsageError(f"{name}: {text}") from None
    if settings.client_secret is not None:
        hide(settings.client_secret.get_secret_value())
    return settings
