"""Texts that public posts have where a story should be; the tests of files and of the API share them."""

from __future__ import annotations

REMOVED = (
    "[removed]",
    "[deleted]",
    " [Deleted By User]\n",
    "[ Removed by Reddit ]",
    "[Removed by Reddit]",
    "[ Removed by moderator ]",
    "[ Removed by Reddit on account of violating the [content policy](/help/contentpolicy). ]",
    "[ Removed by reddit on account of violating the content policy. ]",
    "[ Removed by Reddit in response to a copyright notice. ]",
    "\\[removed\\]",
    "*[removed]*",
    "&#x200B;\n\n[removed]",
    "Sorry, this post has been removed by the moderators of r/tifu.",
    "Sorry, this post was deleted by the person who originally posted it.",
)

WITHOUT_TEXT = (
    "",
    "&#x200B;",
    "[View Poll](https://www.reddit.com/poll/fqiwwt)",
    "\n\n[View Poll](https://www.reddit.com/poll/fqiwwt)\n",
    "![gif](giphy|3o7TKSjRrfIPjeiVyM)",
    "![gif](giphy|3o7TKSjRrfIPjeiVyM|downsized)\n\n![img](emote|t5_2th52|4271)",
    "*Processing img 69v6kjfj3wgd1...*",
    "*Processing gif 69v6kjfj3wgd1...*\n\n&#x200B;\n\n*Processing video 1a2b3c...*",
    '![img](69v6kjfj3wgd1 "The cake")',
    "https://preview.redd.it/69v6kjfj3wgd1.png?width=1080&amp;format=png",
    "https://i.redd.it/a1b2.gif",
    "[the whole thread](https://www.reddit.com/r/tifu/comments/abc1/x/)",
    "This post contains content not supported on old Reddit. [Click here to view the full post](https://sh.reddit.com/r/x)",
)

STORIES = (
    "The moderators wrote [removed] under my post.",
    "[removed]\n\nEdit: it is back, and here is what happened.",
    "Deleted by my own sister: the whole album.",
    "[Removed by my sister] That is what the note said [really].",
    "Should I go? It is my wedding.\n\n[View Poll](https://www.reddit.com/poll/fqiwwt)",
    "Look at this cake. ![gif](giphy|3o7TKSjRrfIPjeiVyM)",
    "My sister is processing img files for a living.",
    "As [I said](https://www.reddit.com/r/tifu/comments/abc1/x/), it began on a Monday.",
)
