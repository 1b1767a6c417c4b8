"""What stands in for functions of requests does what they do: both are called, on plain and odd things."""

from __future__ import annotations

import http.client
import http.cookiejar
import os
import pickle
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import requests
from requests import cookies, models, sessions, structures
from requests import utils as requests_utils
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPHeaderDict

REPLACED = [
    (structures.CaseInsensitiveDict, "__init__"),
    (structures.CaseInsensitiveDict, "get"),
    (structures.CaseInsensitiveDict, "__contains__"),
    (models.RequestEncodingMixin, "_encode_params"),
    (models.PreparedRequest, "prepare_headers"),
    (sessions, "merge_setting"),
    (sessions, "extract_cookies_to_jar"),
    (sessions, "get_environ_proxies"),
    (sessions, "get_netrc_auth"),
    (models, "get_cookie_header"),
    (models, "get_netrc_auth") if hasattr(models, "get_netrc_auth") else (requests_utils, "get_netrc_auth"),
    (requests_utils, "select_proxy"),
]


@pytest.mark.parametrize(("owner", "name"), REPLACED, ids=lambda each: getattr(each, "__name__", str(each)))
def test_the_installed_versions_are_known(owner: Any, name: str) -> None:
    assert "/blockon/" in getattr(owner, name).__code__.co_filename


SOURCES: list[Any] = [
    None,
    {},
    {"A": "b", "a": "c", "B": None},
    OrderedDict(A=1, b=2),
    [("A", "b"), ("a", "c")],
    [["A", "b"]],
    [("A", "b", "c")],
    {1: 2},
    CaseInsensitiveDict({"A": "b", "C": "d"}),
    {b"A": "b"},
    (("A", "b"),),
    "ab",
    7,
    HTTPHeaderDict([("A", "b"), ("a", "c")]),
]


def tried(function: Any, *args: Any) -> Any:
    try:
        made = function(*args)
    except Exception as error:
        return type(error), str(error)
    return (type(made), list(made._store.items())) if isinstance(made, CaseInsensitiveDict) else (type(made), made)


@pytest.mark.parametrize("source", SOURCES, ids=repr)
def test_dicts_of_headers(source: Any) -> None:
    def made(init: Any) -> Any:
        def make() -> CaseInsensitiveDict[Any]:
            new: Any = CaseInsensitiveDict.__new__(CaseInsensitiveDict)
            init(new, source)
            return new

        return tried(make)

    replaced: Any = CaseInsensitiveDict.__init__
    assert made(replaced) == made(replaced.__wrapped__)


def test_dicts_of_headers_are_asked_as_before() -> None:
    held = CaseInsensitiveDict({"A": "b", "None": None})
    get: Any = CaseInsensitiveDict.get
    contains: Any = CaseInsensitiveDict.__contains__
    for key in ("a", "A", "x", "none", b"a", 7, None):
        assert tried(get, held, key, "else") == tried(get.__wrapped__, held, key, "else")
        assert tried(contains, held, key) == tried(contains.__wrapped__, held, key)
    assert held.copy() == held
    assert pickle.loads(pickle.dumps(held)) == held

    class Mine(CaseInsensitiveDict):
        def __getitem__(self, key: str) -> Any:
            return f"my {super().__getitem__(key)}"

    mine = Mine({"A": "b"})
    assert (mine.get("a"), "a" in mine, mine.get("x")) == ("my b", True, None)


def test_settings_are_merged_as_before() -> None:
    merge: Any = sessions.merge_setting
    for dict_class in (OrderedDict, CaseInsensitiveDict, dict):
        for request in [*SOURCES, True, {"C": None, "a": "z"}, OrderedDict(x=None)]:
            for session in [*SOURCES, False, {"c": "d", "gone": None}]:
                assert tried(merge, request, session, dict_class) == tried(
                    merge.__wrapped__, request, session, dict_class
                ), (request, session)
    # What it was given stays what it was.
    request, session = CaseInsensitiveDict({"A": None}), CaseInsensitiveDict({"a": "b"})
    assert list(merge(request, session, CaseInsensitiveDict)) == []
    assert (list(request), list(session)) == (["A"], ["a"])


def test_parameters_are_encoded_as_before() -> None:
    encode: Any = models.RequestEncodingMixin._encode_params
    for data in ({}, OrderedDict(), {"a": "b c"}, {"a": ["b", None]}, [("a", "b")], [], (), "a", b"a", None, 7):
        assert tried(encode, data) == tried(encode.__wrapped__, data)
    assert models.PreparedRequest._encode_params({}) == ""  # type: ignore[attr-defined]


def test_proxies_are_selected_as_before() -> None:
    select: Any = requests_utils.select_proxy
    assert requests.adapters.select_proxy is select  # type: ignore[attr-defined]
    for url in ("http://h/", "https://H:9/", "file:///x", "", "http://[x/", b"http://h/"):
        for proxies in (
            None,
            {},
            OrderedDict(),
            {"http": "p"},
            {"all": "q"},
            {"https://h": "r"},
            CaseInsensitiveDict(),
        ):
            assert tried(select, url, proxies) == tried(select.__wrapped__, url, proxies)


def test_headers_are_prepared_as_before() -> None:
    prepare: Any = models.PreparedRequest.prepare_headers

    def prepared(function: Any, headers: Any) -> Any:
        request = models.PreparedRequest()
        result = tried(function, request, headers)
        # What was looked at before the one that is refused is there.
        return result, None if request.headers is None else list(request.headers._store.items())

    odd: list[Any] = [
        {"A": "b", "B": b"c"},
        {b"A": "b"},
        {"A": "b", "C": 7},
        {"A": "b", "C": " leading"},
        {"A": "b\r\nC: d"},
        {" A": "b"},
        {"A:": "b"},
        {"": "b"},
        {"A": ""},
        {"A": "caf\xe9", "B": "\u20ac"},
        {"A": "b\n"},
        {"a": "b", "A": "c"},
        CaseInsensitiveDict({"A": "b", "Bad": "\tx"}),
        "ab",
        0,
    ]
    for headers in [*SOURCES, *odd]:
        assert prepared(prepare, headers) == prepared(prepare.__wrapped__, headers), headers
    assert requests.Request("GET", "http://h/", {"A": "b"}).prepare().headers == {"A": "b"}
    with pytest.raises(requests.exceptions.InvalidHeader, match="leading whitespace"):
        requests.Request("GET", "http://h/", {"A": " b"}).prepare()


def test_a_check_of_somebody_elses_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(models, "check_header_validity", seen.append)
    requests.Request("GET", "http://h/", {"A": "b"}).prepare()
    assert seen == [("A", "b")]


class Raw:
    """As much of a response of urllib3's as cookies are taken from."""

    def __init__(self, *fields: tuple[str, str]) -> None:
        message = http.client.HTTPMessage()
        for name, value in fields:
            message[name] = value
        self._original_response: Any = type("Original", (), {"msg": message})()


def jars() -> list[Any]:
    filled = cookies.RequestsCookieJar()
    filled.set("held", "1", domain="h", path="/")
    picky = cookies.RequestsCookieJar(policy=http.cookiejar.DefaultCookiePolicy(rfc2965=True))

    class Mine(cookies.RequestsCookieJar):
        pass

    return [cookies.RequestsCookieJar(), filled, picky, http.cookiejar.CookieJar(), Mine()]


def seen_in(jar: Any) -> Any:
    return (
        [(each.name, each.value, each.domain, each.path) for each in jar],
        type(jar._now),
        jar._policy._now == jar._now,
    )


RESPONSES: list[Any] = [
    Raw(),
    Raw(("A", "b")),
    Raw(("Set-Cookie", "a=b; Path=/")),
    Raw(("SET-COOKIE", "a=b"), ("X", "y")),
    Raw(("Set-Cookie2", "a=b; Version=1")),
    object(),
    type("Other", (), {"_original_response": None})(),
]


@pytest.mark.filterwarnings("ignore:http.cookiejar bug:UserWarning")
@pytest.mark.parametrize(
    "url", ["http://h/", "http://[::1]/", "http://h\xe9/", "http://[x/", "http://x]/", b"http://h/", None]
)
def test_cookies_are_extracted_and_sent_as_before(url: Any) -> None:
    extract: Any = cookies.extract_cookies_to_jar
    get: Any = cookies.get_cookie_header
    request = models.PreparedRequest()
    request.headers = CaseInsensitiveDict()
    request.url = url
    for response in RESPONSES:
        for ours, usual in zip(jars(), jars(), strict=True):
            assert tried(extract, ours, request, response) == tried(extract.__wrapped__, usual, request, response)
            if hasattr(ours, "_now") or hasattr(usual, "_now"):
                assert seen_in(ours) == seen_in(usual)
            assert tried(get, ours, request) == tried(get.__wrapped__, usual, request)
            assert seen_in(ours) == seen_in(usual) if hasattr(usual, "_now") else not hasattr(ours, "_now")


def test_jars_know_what_time_it_is() -> None:
    jar = cookies.RequestsCookieJar()
    request = requests.Request("GET", "http://h/").prepare()
    before = int(time.time())
    cookies.extract_cookies_to_jar(jar, request, Raw())
    assert before <= jar._now == jar._policy._now <= time.time()  # type: ignore[attr-defined]
    jar = cookies.RequestsCookieJar()
    assert cookies.get_cookie_header(jar, request) is None
    assert before <= jar._now <= time.time()  # type: ignore[attr-defined]


def test_who_extracts_cookies_in_their_own_way_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(http.cookiejar.CookieJar, "extract_cookies", lambda *args: seen.append(args))
    request = requests.Request("GET", "http://h/").prepare()
    cookies.extract_cookies_to_jar(cookies.RequestsCookieJar(), request, Raw())
    assert len(seen) == 1


ENVIRONMENTS: list[dict[str, str]] = [
    {},
    {"http_proxy": "http://p:1"},
    {"HTTP_PROXY": "http://p:1"},
    {"Https_Proxy": "http://p:1", "no_proxy": "h,10.0.0.0/8"},
    {"no_proxy": "*"},
    {"NO_PROXY": ".h"},
    {"ALL_PROXY": "socks5://p"},
    {"http_proxy": ""},
    {"REQUEST_METHOD": "GET", "HTTP_PROXY": "http://p:1"},
    {"MY_PROXYING": "x"},
]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=repr)
def test_proxies_of_the_environment_are_as_before(environment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ask: Any = requests_utils.get_environ_proxies
    assert sessions.get_environ_proxies is ask  # type: ignore[attr-defined]
    for name in [name for name in os.environ if name.lower().endswith("proxy")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    urls = (
        "http://h/",
        "https://a.h:9/",
        "http://10.1.2.3/",
        "file:///x",
        "",
        "http://[x/",
        "http://h:x/",
        "http://x]/",
        b"http://h/",
        None,
    )
    for url in urls:
        for no_proxy in (None, "h", "10.0.0.0/8", "*", ""):
            assert tried(ask, url, no_proxy) == tried(ask.__wrapped__, url, no_proxy), (url, no_proxy)


def test_who_looks_for_proxies_in_their_own_way_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests_utils, "getproxies", lambda: {"http": "mine"})
    assert requests_utils.get_environ_proxies("http://h/") == {"http": "mine"}
    monkeypatch.setattr(requests_utils, "should_bypass_proxies", lambda *_args, **_keywords: True)
    assert requests_utils.get_environ_proxies("http://h/") == {}


def test_a_netrc_is_found_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask: Any = requests_utils.get_netrc_auth
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    def answers() -> list[Any]:
        found = [
            tried(ask, url, errors) for url in ("http://h/x", b"http://h/", "", "file:///") for errors in (False, True)
        ]
        usual = ask.__wrapped__
        assert found == [
            tried(usual, url, errors)
            for url in ("http://h/x", b"http://h/", "", "file:///")
            for errors in (False, True)
        ]
        return found

    assert set(answers()) == {(type(None), None)}
    file = tmp_path / "_netrc"
    file.write_text("machine h login me password secret\n")
    assert answers()[0] == (tuple, ("me", "secret"))
    (tmp_path / ".netrc").write_text("not a netrc\n")
    assert answers()[1][0] is not tuple
    (tmp_path / ".netrc").unlink()
    file.rename(tmp_path / "elsewhere")
    assert answers()[0] == (type(None), None)
    monkeypatch.setenv("NETRC", str(tmp_path / "elsewhere"))
    assert answers()[0] == (tuple, ("me", "secret"))
    monkeypatch.setenv("NETRC", "")
    answers()
