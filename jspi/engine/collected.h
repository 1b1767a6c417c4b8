// Ends what functions of JavaScript stand for when nobody can call them any more: when the External that they carry is collected.
//
// The collector tells in two passes. The second one comes in a later task, when the environment ends, or at once where memory is short; what is
// to end may be gone by then. So whoever has JavaScript called holds it meanwhile.
//
// Owner: that object. Isolate's thread.
#ifndef BLOCKON_JSPI_ENGINE_COLLECTED_H_
#define BLOCKON_JSPI_ENGINE_COLLECTED_H_

#include <v8.h>

#include <functional>
#include <memory>
#include <utility>

namespace blockon {

class Collected {
 public:
  Collected() = default;
  Collected(const Collected&) = delete;
  Collected& operator=(const Collected&) = delete;
  ~Collected() {
    if (!grave_) return;
    if (grave_->second_pass_comes) {
      grave_->owner = nullptr;
    } else {
      delete grave_;
    }
  }

  // Once. `end` may delete the owner of this.
  void Watch(v8::Isolate* isolate, v8::Local<v8::External> external, std::function<void()> end) {
    grave_ = new Grave{.owner = this};
    end_ = std::move(end);
    handle_.Reset(isolate, external);
    handle_.SetWeak(
        grave_,
        [](const v8::WeakCallbackInfo<Grave>& first) {
          Grave* grave = first.GetParameter();
          grave->owner->handle_.Reset();
          grave->second_pass_comes = true;
          first.SetSecondPassCallback([](const v8::WeakCallbackInfo<Grave>& second) {
            const std::unique_ptr<Grave> grave(second.GetParameter());
            if (!grave->owner) return;
            grave->owner->grave_ = nullptr;
            const std::function<void()> end = std::move(grave->owner->end_);
            end();
          });
        },
        v8::WeakCallbackType::kParameter);
  }

  // It does not end as long as the caller's HandleScope lasts. False where it is about to: nobody can call its functions.
  bool Hold(v8::Isolate* isolate) const { return !handle_.Get(isolate).IsEmpty(); }

 private:
  struct Grave {
    Collected* owner;
    bool second_pass_comes = false;
  };

  v8::Global<v8::External> handle_;  // weak
  Grave* grave_ = nullptr;
  std::function<void()> end_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_COLLECTED_H_
