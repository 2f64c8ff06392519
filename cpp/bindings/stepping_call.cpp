// The __call__ of optimizers that libraries call for one tensor after the other: by a StepTable where there is one,
// else by a function. A function of Python in its place takes longer than all that the step does around its kernels.
#include <pybind11/pybind11.h>

#include <structmember.h>

#include <cstddef>

#include "fast_method.hpp"
#include "register.hpp"
#include "step_table.hpp"

namespace adamas::bindings {
namespace {

struct SteppingCall {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* function;     // for all that the table does not take
  PyObject* table_class;  // of what the slot holds, if that is a table
  PyTypeObject* owner;    // the class whose slot it is
  Py_ssize_t slot;        // its offset
};

SteppingCall& of(PyObject* self) { return *reinterpret_cast<SteppingCall*>(self); }

// Arguments: the optimizer, key, array, gradient.
constexpr Py_ssize_t kArguments = 4;

// A tuple of array and gradient, or null: without an error, if the table has not taken it.
PyObject* step_by_table(const SteppingCall& call, PyObject* const* arguments) {
  if (PyObject_TypeCheck(arguments[0], call.owner) == 0) return nullptr;
  PyObject* const held = *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(arguments[0]) + call.slot);
  if (held == nullptr || reinterpret_cast<PyObject*>(Py_TYPE(held)) != call.table_class) return nullptr;
  const auto table = py::reinterpret_borrow<py::object>(held);
  PyObject* const stepped = translating_exceptions(
      [&] { return instance<StepTable>(table.ptr()).step(arguments[1], arguments[2], arguments[3]); });
  if (stepped == nullptr) return nullptr;
  Py_DECREF(stepped);
  return stepped == Py_True ? PyTuple_Pack(2, arguments[2], arguments[3]) : nullptr;
}

PyObject* call(PyObject* self, PyObject* const* arguments, std::size_t flags, PyObject* names) {
  if (names == nullptr && PyVectorcall_NARGS(flags) == kArguments) {
    PyObject* const done = step_by_table(of(self), arguments);
    if (done != nullptr || PyErr_Occurred() != nullptr) return done;
  }
  return PyObject_Vectorcall(of(self).function, arguments, flags & ~PY_VECTORCALL_ARGUMENTS_OFFSET, names);
}

PyObject* bind(PyObject* self, PyObject* object, PyObject* /*type*/) {
  if (object == nullptr || object == Py_None) return Py_NewRef(self);
  return PyMethod_New(self, object);
}

// Name, text and signature are those of the function.
PyObject* attribute(PyObject* self, PyObject* name) {
  for (const char* const of_every_object : {"__doc__", "__module__"}) {
    if (PyUnicode_CompareWithASCIIString(name, of_every_object) == 0) {
      return PyObject_GetAttr(of(self).function, name);
    }
  }
  PyObject* const own = PyObject_GenericGetAttr(self, name);
  if (own != nullptr || PyErr_ExceptionMatches(PyExc_AttributeError) == 0) return own;
  PyErr_Clear();
  return PyObject_GetAttr(of(self).function, name);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(of(self).function);
  Py_VISIT(of(self).table_class);
  Py_VISIT(of(self).owner);
  return 0;
}

int clear(PyObject* self) {
  Py_CLEAR(of(self).function);
  Py_CLEAR(of(self).table_class);
  Py_CLEAR(of(self).owner);
  return 0;
}

void deallocate(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  clear(self);
  type->tp_free(self);
  Py_DECREF(type);
}

// Of an attribute that is in __slots__ of its class; else null, and an error.
const PyMemberDescrObject* as_slot(PyObject* attribute) {
  if (Py_IS_TYPE(attribute, &PyMemberDescr_Type)) {
    const auto* const slot = reinterpret_cast<PyMemberDescrObject*>(attribute);
    if (slot->d_member->type == T_OBJECT_EX) return slot;
  }
  PyErr_SetString(PyExc_TypeError, "SteppingCall: slot: expected an attribute of the class that is in its __slots__");
  return nullptr;
}

PyObject* make(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  static const char* const kNames[] = {"function", "slot", nullptr};
  PyObject* function = nullptr;
  PyObject* attribute = nullptr;
  if (PyArg_ParseTupleAndKeywords(args, keywords, "OO", const_cast<char**>(kNames), &function, &attribute) == 0) {
    return nullptr;
  }
  const PyMemberDescrObject* const slot = as_slot(attribute);
  if (slot == nullptr) return nullptr;
  PyObject* const self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  of(self).vectorcall = &call;
  of(self).function = Py_NewRef(function);
  of(self).table_class = py::type::of<StepTable>().release().ptr();
  of(self).owner = reinterpret_cast<PyTypeObject*>(Py_NewRef(reinterpret_cast<PyObject*>(slot->d_common.d_type)));
  of(self).slot = slot->d_member->offset;
  return self;
}

PyObject* wrapped(PyObject* self, void* /*closure*/) { return Py_NewRef(of(self).function); }

}  // namespace

void register_stepping_call(py::module_& m) {
  static PyMemberDef members[] = {
      {"__vectorcalloffset__", T_PYSSIZET, offsetof(SteppingCall, vectorcall), READONLY, nullptr},
      {nullptr, 0, 0, 0, nullptr}};
  static PyGetSetDef properties[] = {{"__wrapped__", &wrapped, nullptr, nullptr, nullptr},
                                     {nullptr, nullptr, nullptr, nullptr, nullptr}};
  const auto slot = [](int id, auto* function) { return PyType_Slot{id, reinterpret_cast<void*>(function)}; };
  static char doc[] =
      "SteppingCall(function, slot)\n--\n\n"
      "A compiled ``__call__`` for optimizers that libraries call for one tensor at a time.\n\n"
      "While the slot of an object holds a `StepTable`, a call with key, array and gradient is a step by that table, "
      "and\n"
      "returns array and gradient. If the table returns anything but True, and for all other arguments, it calls the\n"
      "function.\n\n"
      "Args:\n"
      "    function: The ``__call__`` of the class, in Python.\n"
      "    slot: An attribute in ``__slots__`` of the class, such as ``Optimizer.__dict__[\"_table\"]``.\n\n"
      "Raises:\n"
      "    TypeError: ``slot`` is not such an attribute.\n";
  PyType_Slot slots[] = {{Py_tp_doc, doc},
                         slot(Py_tp_new, &make),
                         slot(Py_tp_call, &PyVectorcall_Call),
                         slot(Py_tp_descr_get, &bind),
                         slot(Py_tp_getattro, &attribute),
                         slot(Py_tp_traverse, &traverse),
                         slot(Py_tp_clear, &clear),
                         slot(Py_tp_dealloc, &deallocate),
                         {Py_tp_members, members},
                         {Py_tp_getset, properties},
                         {0, nullptr}};
  constexpr unsigned kFlags =
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR;
  PyType_Spec spec{"adamas._core.SteppingCall", sizeof(SteppingCall), 0, kFlags, slots};
  PyObject* const type = PyType_FromSpec(&spec);
  if (type == nullptr) throw py::error_already_set();
  m.attr("SteppingCall") = py::reinterpret_steal<py::object>(type);
}

}  // namespace adamas::bindings
