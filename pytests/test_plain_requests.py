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
    (models.PreparedRequest, "prepare_url"),
    (sessions, "merge_setting"),
    (sessions, "extract_cookies_to_jar"),
    (sessions, "merge_cookies"),
    (sessions, "cookiejar_from_dict"),
    (sessions.Session, "merge_environment_settings"),
    (models, "get_auth_from_url"),
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


URLS: list[Any] = [
    "http://h/",
    "http://h",
    "HTTP://User:Pass@H:80/a b/%7e%zz?q=\xe9#part",
    "  http://h/?a=b&c",
    "http://h/?",
    "http://[::1]:8080/a/../b",
    "http://*.h/",
    "http://caf\xe9.h/",
    "http:///path",
    "mailto:somebody@h",
    "httpx://h/",
    "h/path",
    "http://h:port/",
    "",
    b"http://h/%41",
    7,
]


@pytest.mark.parametrize("url", URLS, ids=repr)
def test_urls_are_prepared_as_before(url: Any) -> None:
    prepare: Any = models.PreparedRequest.prepare_url

    def prepared(function: Any, params: Any) -> Any:
        request = models.PreparedRequest()
        return tried(function, request, url, params), request.url

    # The second time it is known.
    for params in [None, {}, OrderedDict(), {"a": "b"}, "c=d", [], None, {}]:
        assert prepared(prepare, params) == prepared(prepare.__wrapped__, params), params


def test_who_prepares_urls_in_their_own_way_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mine(models.PreparedRequest):
        @staticmethod
        def _encode_params(data: Any) -> Any:
            return "mine=1" if not data else models.PreparedRequest._encode_params(data)

    request = Mine()
    request.prepare_url("http://h/", {})
    assert request.url == "http://h/?mine=1"
    assert requests.Request("GET", "http://h/").prepare().url == "http://h/"
    monkeypatch.setattr(models, "requote_uri", lambda url: url + "quoted")
    assert requests.Request("GET", "http://h/").prepare().url == "http://h/quoted"


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


def test_jars_are_merged_as_before() -> None:
    merge: Any = sessions.merge_cookies  # type: ignore[attr-defined]
    others = [*jars(), {}, {"a": "b"}, None]
    for i in range(len(jars())):
        for other in others:
            ours, usual = jars()[i], jars()[i]
            of_ours, of_usual = merge(ours, other), merge.__wrapped__(usual, other)
            assert of_ours is ours
            assert of_usual is usual
            assert [vars(each) for each in of_ours] == [vars(each) for each in of_usual]
    with pytest.raises(ValueError, match="only merge into CookieJar"):
        merge({}, cookies.RequestsCookieJar())


def test_who_updates_jars_in_their_own_way_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(cookies.RequestsCookieJar, "update", lambda *args: seen.append(args))
    jar, other = cookies.RequestsCookieJar(), cookies.RequestsCookieJar()
    sessions.merge_cookies(jar, other)  # type: ignore[attr-defined]
    assert seen == [(jar, other)]


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


@pytest.mark.parametrize(
    "environment", [{}, {"HTTP_PROXY": "http://p/"}, {"CURL_CA_BUNDLE": "/c"}, {"REQUESTS_CA_BUNDLE": ""}]
)
def test_settings_of_the_environment_are_merged_as_before(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    merge: Any = sessions.Session.merge_environment_settings
    for name in [name for name in os.environ if name.lower().endswith("proxy") or name.endswith("_CA_BUNDLE")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    session = requests.Session()
    for session.trust_env in (True, False):
        for session.proxies in ({}, {"http": "http://own/"}, OrderedDict()):
            for session.verify, session.cert, session.stream in ((True, None, False), (None, ("a", "b"), True)):
                for given in (
                    ("http://h/", {}, None, None, None),
                    ("http://h/", None, None, None, None),
                    ("http://h/", {"http": "http://mine/"}, True, False, "cert"),
                    ("http://h/", OrderedDict(), False, "/ca", ("c", "d")),
                    ("http://[x/", {}, None, True, None),
                    (b"http://h/", {}, None, True, None),
                ):
                    asked = [dict(given[1]) if type(given[1]) is dict else given[1] for _ in range(2)]
                    own = tried(merge, session, given[0], asked[0], *given[2:])
                    usual = tried(merge.__wrapped__, session, given[0], asked[1], *given[2:])
                    assert own == usual, given
                    assert asked[0] == asked[1]
                    if isinstance(own[1], dict):
                        assert [type(each) for each in own[1].values()] == [type(each) for each in usual[1].values()]


def test_who_merges_settings_in_their_own_way_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "merge_setting", lambda given, own, **_: ("mine", given, own))
    merged = requests.Session().merge_environment_settings("http://h/", {}, None, None, None)
    assert merged["stream"] == ("mine", None, False)


@pytest.mark.parametrize(
    "url",
    [
        "http://h/",
        "http://u:p@h/",
        "http://u@h/",
        "http://%41:%zz@h/",
        "http://:p@h/",
        "",
        "http://caf\xe9:p@h/",
        b"http://u:p@h/",
        None,
        7,
    ],
)
def test_users_of_urls_are_found_as_before(url: Any) -> None:
    ask: Any = requests_utils.get_auth_from_url
    for _ in range(2):
        assert tried(ask, url) == tried(ask.__wrapped__, url)


def test_who_unquotes_in_their_own_way_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert requests_utils.get_auth_from_url("http://u:p@h/") == ("u", "p")
    monkeypatch.setattr(requests_utils, "unquote", lambda text: f"mine: {text}")
    assert requests_utils.get_auth_from_url("http://u:p@h/") == ("mine: u", "mine: p")


def test_jars_are_made_as_before() -> None:
    make: Any = cookies.cookiejar_from_dict
    sources: list[Any] = [{}, {"a": "b"}, None, OrderedDict(), CaseInsensitiveDict()]
    for source in sources:
        for i in range(-1, len(jars())):
            for overwrite in (True, False):
                ours, usual = (None, None) if i < 0 else (jars()[i], jars()[i])
                made, of_usual = make(source, ours, overwrite), make.__wrapped__(source, usual, overwrite)
                assert type(made).__name__ == type(of_usual).__name__
                assert ours is None or made is ours
                assert [vars(each) for each in made] == [vars(each) for each in of_usual]
    assert make({}) is not make({})


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
