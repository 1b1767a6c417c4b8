// check-frames: functions that check for deep recursion take up C stack.
//
// CPython 3.14 ends deep recursion by looking at the C stack pointer. In wasm that is Emscripten's shadow stack, on which
// a function without addressable locals takes up nothing, while its frame on V8's stack has a hundred bytes and
// more. A recursion whose functions are all of that kind (dealloc of a deeply nested list, the parser's rules) never
// moves the pointer that its own check reads: V8's stack ends first, with a RangeError that unwinds CPython's frames
// and leaves the interpreter broken. With a frame of a fixed size in each function that checks, the C stack grows in step
// with V8's, and a budget of the one stands for a budget of the other.
//
//   function(...):                      function(...):
//     body                                saved = __stack_pointer; __stack_pointer = saved - N
//                                         body, with each value returned computed first
//                                         __stack_pointer = saved
//
// The file of the argument names the functions:
//
//   bytes N           the size of a frame; a multiple of 16, so that the stack stays aligned; comes first
//   function EXPORT   this function
//   callers EXPORT    each function that calls this one directly
//
// A throw needs nothing: whoever catches sets the pointer to its own. Functions of the guest are left alone.
// Rejected: a frame in every function that can recurse: it would tax nearly all calls of the interpreter, for cycles that have no
// check in them and so cannot end well anyway. Not idempotent: a second run makes the frames larger.
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "jspi/passes/call_graph.h"
#include "jspi/passes/guest_names.h"
#include "jspi/passes/module_lookup.h"
#include "jspi/passes/pass_error.h"
#include "jspi/passes/pass_registry.h"
#include "wasm-builder.h"
#include "wasm-traversal.h"

namespace blockon {
namespace {

using namespace wasm;

// Gives one function a frame.
class FrameInserter : public PostWalker<FrameInserter> {
 public:
  FrameInserter(Module& module, Function& function, Name stack_pointer, int32_t bytes)
      : builder_(module), function_(function), stack_pointer_(stack_pointer), bytes_(bytes) {}

  void Run() {
    saved_ = Builder::addVar(&function_, Type::i32);
    if (function_.getResults().isConcrete()) result_ = Builder::addVar(&function_, function_.getResults());
    walk(function_.body);
    std::vector<Expression*> body = {
        builder_.makeLocalSet(saved_, builder_.makeGlobalGet(stack_pointer_, Type::i32)),
        builder_.makeGlobalSet(stack_pointer_, builder_.makeBinary(SubInt32, builder_.makeLocalGet(saved_, Type::i32),
                                                                   builder_.makeConst(bytes_)))};
    if (function_.body->type == Type::unreachable) {
      body.push_back(function_.body);
    } else if (function_.body->type.isConcrete()) {
      body.push_back(builder_.makeLocalSet(result_, function_.body));
      body.push_back(Restore());
      body.push_back(builder_.makeLocalGet(result_, function_.getResults()));
    } else {
      body.push_back(function_.body);
      body.push_back(Restore());
    }
    function_.body = builder_.makeBlock(body);
  }

  void visitReturn(Return* curr) {
    if (!curr->value) {
      replaceCurrent(builder_.makeSequence(Restore(), curr));
      return;
    }
    Expression* keep = builder_.makeLocalSet(result_, curr->value);
    curr->value = builder_.makeLocalGet(result_, function_.getResults());
    replaceCurrent(builder_.makeBlock({keep, Restore(), curr}));
  }

 private:
  Expression* Restore() { return builder_.makeGlobalSet(stack_pointer_, builder_.makeLocalGet(saved_, Type::i32)); }

  Builder builder_;
  Function& function_;
  Name stack_pointer_;
  int32_t bytes_;
  Index saved_ = 0;
  Index result_ = 0;
};

struct CheckFramesPass : public Pass {
  explicit CheckFramesPass(const std::string& path) : file_path(path) {}

  void run(Module* module) override {
    Export* pointer = FindExport(*module, "__stack_pointer", ExternalKind::Global);
    if (!pointer) throw PassError("check-frames: the module exports no global __stack_pointer");
    int32_t bytes = 0;
    for (Name name : ReadFunctions(*module, &bytes)) {
      Function* function = module->getFunction(name);
      if (function->imported() || IsGuestName(name)) continue;
      FrameInserter(*module, *function, *pointer->getInternalName(), bytes).Run();
    }
  }

  // A set: a function that is named twice gets one frame.
  std::set<Name> ReadFunctions(Module& module, int32_t* bytes) {
    std::ifstream file(file_path);
    if (!file) throw PassError(file_path + ": there is no such file, or it cannot be read");
    const CallGraph graph(module);
    std::set<Name> names;
    std::string line;
    for (int number = 1; std::getline(file, line); number++) {
      const std::string where = file_path + ":" + std::to_string(number) + ": ";
      std::istringstream words(line);
      std::string kind, value, rest;
      words >> kind >> value >> rest;
      if (kind.empty() || kind[0] == '#') continue;
      if (kind == "bytes" && rest.empty() && value.find_first_not_of("0123456789") == std::string::npos) {
        if (*bytes != 0) throw PassError(where + "the size of a frame is given twice");
        *bytes = value.size() < 6 && !value.empty() ? std::stoi(value) : 0;
        if (*bytes == 0 || *bytes % 16 != 0) throw PassError(where + "a frame's size must be a multiple of 16");
        continue;
      }
      if ((kind != "function" && kind != "callers") || value.empty() || !rest.empty()) {
        throw PassError(where + "expected 'bytes N', 'function EXPORT' or 'callers EXPORT', found '" + line + "'");
      }
      if (*bytes == 0) throw PassError(where + "'bytes N' must come first");
      Function* found = ExportedFunction(module, value);
      if (!found) throw PassError(where + "the module exports no function " + value);
      const Name function = found->name;
      if (kind == "function") {
        names.insert(function);
      } else {
        const auto& callers = graph.DirectCallers(function);
        if (callers.empty()) throw PassError(where + "nothing calls " + value);
        names.insert(callers.begin(), callers.end());
      }
    }
    if (*bytes == 0) throw PassError(file_path + ": 'bytes N' is missing");
    return names;
  }

  const std::string file_path;
};

}  // namespace

std::unique_ptr<wasm::Pass> CreateCheckFramesPass(const std::string& file_path) {
  return std::make_unique<CheckFramesPass>(file_path);
}

}  // namespace blockon
